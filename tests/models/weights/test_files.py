"""Files of weights: told by content, read as data, refused when they are something else."""

from __future__ import annotations

import io
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the extra 'prelabel' is not installed")
safetensors = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")

from datakit.errors import ModelError  # noqa: E402
from datakit.models.networks.u2net import U2Net  # noqa: E402
from datakit.models.networks.u2net_graph import write_u2net  # noqa: E402
from datakit.models.networks.u2net_weights import read_u2net  # noqa: E402
from datakit.models.networks.unet import UNet, UNetConfig  # noqa: E402
from datakit.models.networks.unet_weights import read_unet, write_unet  # noqa: E402
from datakit.models.runtimes.onnx_file import read_onnx  # noqa: E402
from datakit.models.weights.files import kind_of, read_tensors  # noqa: E402
from datakit.models.weights.torch_archives import read_torchscript  # noqa: E402
from tests.models import weight_makers as makers  # noqa: E402


@pytest.fixture(scope="module")
def unet():
    torch.manual_seed(3)
    return UNet(UNetConfig(width=4, depth=1, size_px=32)).eval()


@pytest.fixture(scope="module")
def u2netp():
    torch.manual_seed(3)
    model = U2Net("u2netp").eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    return model


MAKERS = {
    "state-dict": makers.state_dict_bytes,
    "legacy": lambda model: makers.state_dict_bytes(model, _use_new_zipfile_serialization=False),
    "torchscript": lambda model: makers.torchscript_bytes(model, (32, 32)),
    "torch-export": lambda model: makers.exported_bytes(model, (32, 32), batch=1),
    "safetensors": lambda model: safetensors.save(model.state_dict()),
}


@pytest.fixture(scope="module")
def files(unet):
    return {kind: make(unet) for kind, make in MAKERS.items()}


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_gives_the_same_tensors(unet, files, kind):
    data = files[kind]
    assert kind_of(data, "file") == {"legacy": "state-dict"}.get(kind, kind)
    tensors, _ = read_tensors(data, "file")
    for key, expected in unet.state_dict().items():
        if "num_batches_tracked" not in key or key in tensors:
            assert torch.equal(tensors[key], expected), key


@pytest.mark.parametrize("kind", MAKERS)
def test_a_u2net_comes_in_every_kind_of_file(u2netp, kind):
    data = MAKERS[kind](u2netp)
    model = read_u2net(data, "u2netp", "file")
    x = torch.rand(1, 3, 48, 40, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        apart = [float((a - b).abs().max()) for a, b in zip(model(x), u2netp(x), strict=True)]
    assert max(apart) < 1e-4


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod."])
@pytest.mark.parametrize("wrapper", [None, "state_dict", "model"])
def test_prefixes_and_checkpoints_are_unwrapped(unet, prefix, wrapper):
    state = {prefix + key: value for key, value in unet.state_dict().items()}
    target = io.BytesIO()
    torch.save({wrapper: state, "epoch": 3} if wrapper else state, target)
    tensors, _ = read_tensors(target.getvalue(), "file")
    assert set(tensors) == set(unet.state_dict())


def test_another_architecture_names_the_first_keys(unet, u2netp):
    with pytest.raises(ModelError, match=r"stage1\.rebnconvin\.conv_s1\.weight.*down\.0\.0"):
        read_u2net(makers.state_dict_bytes(unet), "u2netp", "file")
    with pytest.raises(ModelError, match=r"stage1\.\S+ has shape .* use --model u2netp"):
        read_u2net(makers.state_dict_bytes(u2netp), "u2net", "file")
    with pytest.raises(ModelError, match="119 convolutions"):
        read_u2net(makers.brightness_onnx(), "u2netp", "file")
    with pytest.raises(ModelError, match="architecture"):
        read_unet(safetensors.save(unet.state_dict()), "file")
    with pytest.raises(ModelError, match=r"safetensors.*state-dict"):
        read_unet(makers.state_dict_bytes(unet), "file")
    state = unet.state_dict()
    del state["head.bias"]
    with pytest.raises(ModelError, match=r"it lacks head\.bias"):
        read_unet(safetensors.save(state, unet.config.metadata()), "file")


def test_a_unet_survives_its_file(unet):
    again = read_unet(write_unet(unet), "file")
    assert again.config == unet.config
    for key, value in unet.state_dict().items():
        assert torch.equal(again.state_dict()[key], value)


class Harmful:
    def __reduce__(self):
        return (print, ("code of a pickle ran",))


def zipped(entries):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return target.getvalue()


def test_pickles_with_code_do_not_run(capfd):
    target = io.BytesIO()
    torch.save({"a": Harmful()}, target)
    legacy = io.BytesIO()
    torch.save({"a": Harmful()}, legacy, _use_new_zipfile_serialization=False)
    code = pickle.dumps(Harmful(), protocol=2)
    script = zipped({"m/data.pkl": code, "m/constants.pkl": b"", "m/version": b"3"})
    exported = zipped({"m/models/model.json": b"{}", "m/data/serialized_state_dict.pt": code})
    for data in (target.getvalue(), legacy.getvalue(), pickle.dumps(Harmful()), script, exported):
        with pytest.raises(ModelError):
            read_tensors(data, "file")
    assert capfd.readouterr().out == ""


def test_a_torchscript_cannot_ask_for_a_huge_tensor():
    class Huge:
        def __reduce__(self):
            return (torch._utils._rebuild_tensor_v2, (Stored(), 0, (1 << 40,), (0,), False, None))

    class Stored:
        pass

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            return ("storage", torch.FloatStorage, "0", "cpu", 4) if type(obj) is Stored else None

    body = io.BytesIO()
    Pickler(body, 2).dump(Huge())
    data = zipped({"m/data.pkl": body.getvalue(), "m/constants.pkl": b"", "m/data/0": bytes(16)})
    with pytest.raises(ModelError, match="cannot be read"):
        read_torchscript(data, "file")


def test_fake_weights_are_refused(shared_data):
    files = sorted((shared_data / "weights/negative_fake_weights").glob("*.*"))
    files = [file for file in files if file.suffix != ".md"]
    assert len(files) == 6
    for file in files:
        with pytest.raises(ModelError, match="expected weights, found") as caught:
            kind_of(file.read_bytes(), file.name)
        assert file.name in str(caught.value)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damaged_files_are_model_errors(files, data):
    kind = data.draw(st.sampled_from([*sorted(files), "onnx"]))
    content = bytearray(files[kind] if kind != "onnx" else makers.brightness_onnx())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content)))]
    for _ in range(data.draw(st.integers(0, 4))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        if kind_of(bytes(content), "file") == "onnx":
            read_onnx(bytes(content), "file")
        else:
            read_tensors(bytes(content), "file")
    except ModelError:
        pass


def test_an_onnx_file_is_read_without_onnxruntime():
    file = read_onnx(makers.brightness_onnx(("h", "w")))
    assert [(value.name, value.shape) for value in file.inputs] == [("x", (None, 3, None, None))]
    assert [value.shape for value in file.outputs] == [(None, 2, None, None)]
    assert file.tensors["gain"].tolist() == [8.0]
    assert set(file.operators) == {"ReduceMean", "Mul", "Neg", "Concat"}


def test_onnx_with_weights_elsewhere_is_refused():
    model = makers.onnx.load_from_string(makers.brightness_onnx())
    tensor = model.graph.initializer[0]
    tensor.data_location = makers.TensorProto.EXTERNAL
    with pytest.raises(ModelError, match="a tensor in another file"):
        read_onnx(model.SerializeToString())


@pytest.mark.parametrize("size_hw", [(64, 64), (70, 45)])
def test_the_graph_of_a_u2net_is_the_u2net(u2netp, size_hw):
    runtime = pytest.importorskip("onnxruntime")
    model = read_u2net(makers.state_dict_bytes(u2netp), "u2netp", "file")
    data = write_u2net(model, size_hw)
    makers.onnx.checker.check_model(makers.onnx.load_from_string(data))
    again = read_u2net(data, "u2netp", "written")
    for key, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[key], value)
    x = torch.rand(1, 3, *size_hw, generator=torch.Generator().manual_seed(0))
    found = runtime.InferenceSession(data).run(None, {"image": x.numpy()})
    with torch.inference_mode():
        for one, other in zip(found, model(x), strict=True):
            assert np.abs(one - other.numpy()).max() < 1e-4


def test_torch_computes_what_onnxruntime_computes(shared_data):
    runtime = pytest.importorskip("onnxruntime")
    data = (shared_data / "weights/u2netp_fp16_onnx/u2netp-fp16.onnx").read_bytes()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(makers.in_float32(data), options)
    values = np.random.default_rng(0).normal(size=(1, 3, 320, 320)).astype(np.float32)
    expected = session.run(None, {"input.1": values})
    with torch.inference_mode():
        found = read_u2net(data, "u2netp", "file")(torch.from_numpy(values))
    assert len(found) == len(expected) == 7
    for one, other in zip(found, expected, strict=True):
        assert float(np.abs(one.numpy() - other).max()) <= 1e-3
