# docker build -t datakit . && docker run --rm -v "$PWD:/data" datakit validate /data/photos
FROM python:3.13-slim
WORKDIR /src
COPY . .
RUN sh scripts/system-libraries.sh \
    && python -m pip install --no-cache-dir -c constraints.txt '.[all]'
# Nobody in a container needs to be root to read photos and write datasets.
USER 1000
ENV HOME=/tmp
WORKDIR /data
ENTRYPOINT ["datakit"]
