"""Particulars of the readers of annotation files, beyond the contract of all readers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datakit.errors import DatakitError, SchemaError
from datakit.io.layouts import READERS
from datakit.io.layouts.base import Item, Reader, ReadSettings
from datakit.io.layouts.sources import open_sources
from datakit.records.labels import LabelObject
from tests.contracts.annotated_sources import HEIGHT, RING, WIDTH, make_label_studio, make_yolo
from tests.verbs.exports import jpeg, photo

SIZE = (WIDTH, HEIGHT)


def objects(layout: str, annotations: object, **more: Any) -> list[LabelObject]:
    text = annotations if isinstance(annotations, bytes) else json.dumps(annotations).encode()
    item = Item("a.jpg", "a", "a.jpg", layout=layout, annotations=text, **more)
    return READERS.load(layout).objects(item, SIZE)


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg(photo(WIDTH, HEIGHT)))


def reader(path: Path, **settings: Any) -> Reader:
    return open_sources([str(path)], settings=ReadSettings(**settings)).parts[0][2]


# Shapes


def test_shapes_of_cvat_that_enclose_an_area_are_drawn_and_others_cost_themselves() -> None:
    line = {"label": "a", "points": "1,1;9,1;9,9;1,1"}
    shapes: list[tuple[str, dict[str, str]]] = [
        ("ellipse", {"label": "a", "cx": "9", "cy": "9", "rx": "4", "ry": "2", "z_order": "3"}),
        ("box", {"label": "a", "xtl": "1", "ytl": "1", "xbr": "9", "ybr": "5"}),
        ("box", {"label": "a", "xtl": "1", "ytl": "1", "xbr": "9", "ybr": "5", "rotation": "90"}),
        ("polyline", line),
        ("polyline", line | {"points": "1,1;9,9"}),
        ("points", {"label": "nose", "points": "1,1"}),
    ]
    ellipse, upright, turned, closed, line_, point = objects("cvat", shapes)
    assert ellipse.rings[0].max(axis=0).round(1).tolist() == [13, 11] and ellipse.z_order == 3
    assert not upright.rings and upright.bounds_xyxy == (1, 1, 9, 5)
    assert np.ptp(turned.rings[0], axis=0).round(6).tolist() == [4, 8]
    assert closed.problem is None and closed.rings
    for one in (line_, point):
        assert not one.extent and one.problem and "encloses no area" in one.problem


def test_shapes_of_labelme() -> None:
    corners = [[1, 1], [9, 1], [9, 5], [1, 5]]
    shapes = [
        {"label": "a", "points": [[9, 5], [1, 1]], "shape_type": "rectangle"},
        {"label": "a", "points": corners, "shape_type": "rectangle"},
        {"label": "a", "points": [[5, 1], [9, 5], [5, 9], [1, 5]], "shape_type": "rotation"},
        {"label": "a", "points": [[9, 9], [12, 9]], "shape_type": "circle"},
        {"label": "a", "points": corners, "shape_type": None, "group_id": 4},
        {"label": "a", "points": corners, "shape_type": "sphere"},
        {"label": "a", "points": [[1, 1]], "shape_type": "point"},
    ]
    two, four, rotated, circle, plain, unknown, point = objects("labelme", shapes)
    assert two.bounds_xyxy == four.bounds_xyxy == (1, 1, 9, 5)
    assert len(rotated.rings[0]) == 4
    assert circle.rings[0].max(axis=0).round(1).tolist() == [12, 12]
    assert plain.instance == "4" and plain.problem is None
    assert unknown.problem and unknown.extent and len(unknown.rings[0]) == 4
    assert not point.extent


def test_isat_has_groups_and_layers() -> None:
    shape = {"category": "a", "group": 2, "layer": 5, "segmentation": RING, "iscrowd": False}
    [one, other] = objects("labelme", [shape, shape | {"group": 0}])
    assert (one.category, one.instance, one.z_order, one.crowd) == ("a", "2", 5, False)
    assert other.instance is None


def test_regions_of_label_studio_are_percent_of_the_picture_as_shown() -> None:
    def region(kind: str, turned: bool = False, **value: Any) -> dict[str, Any]:
        width, height = SIZE[::-1] if turned else SIZE
        sizes = {"original_width": width, "original_height": height, "image_rotation": 0}
        return {"type": kind, **sizes, "value": {**value, kind: ["a"]}}

    half = {"x": 50, "y": 50, "radiusX": 25, "radiusY": 25}
    box = {"x": 0, "y": 0, "width": 50, "height": 50}
    found = objects(
        "label-studio",
        [
            region("ellipselabels", **half),
            region("rectanglelabels", turned=True, **box),
            region("rectanglelabels", **box, rotation=90),
            region("keypointlabels", x=1, y=1, width=1),
            {"type": "choices", "value": {"choices": ["good"]}},
        ],
    )
    ellipse, upright, turned, point = found
    assert ellipse.rings[0].max(axis=0).round(1).tolist() == [24, 18]
    assert upright.bounds_xyxy == (0, 0, 16, 12)
    # about its first corner
    assert turned.rings[0].round(6).tolist() == [[0, 0], [0, 16], [-12, 16], [-12, 0]]
    assert not point.extent


def test_a_region_of_another_picture_is_not_believed() -> None:
    region = {
        "type": "polygonlabels",
        "original_width": 999,
        "original_height": 24,
        "value": {"points": [[0, 0], [50, 0], [50, 50]], "polygonlabels": ["a"]},
    }
    [found] = objects("label-studio", [region])
    assert found.problem and "expected 32x24 pixels" in found.problem


def test_lines_of_yolo() -> None:
    text = b"0 0 0 1 0 1 1\n1 .5 .5 1 1\n7 0 0 1 0 1 1\n0 0 0 1 0 1\n0 0 0 320 0 320 240\n\n"
    found = objects("yolo-seg", text, categories={"0": "a", "1": "b"})
    polygon, box, unknown, odd, pixels = found
    assert polygon.rings[0].tolist() == [[0, 0], [32, 0], [32, 24]]
    assert (box.category, box.bounds_xyxy) == ("b", (0, 0, 32, 24))
    assert unknown.problem and "expected one of the dataset's (0, 1)" in unknown.problem
    assert odd.problem and "x, y pairs" in odd.problem
    assert pixels.problem and "shares of width and height" in pixels.problem


def test_regions_of_via() -> None:
    def region(shape: dict[str, Any], **attributes: Any) -> dict[str, Any]:
        return {"shape_attributes": shape, "region_attributes": attributes}

    circle, named, unnamed, point = objects(
        "via",
        [
            region({"name": "circle", "cx": 5, "cy": 5, "r": 3}, kind="a"),
            region({"name": "rect", "x": 1, "y": 1, "width": 2, "height": 2}, x="1", label="b"),
            region({"name": "rect", "x": 1, "y": 1, "width": 2, "height": 2}, x="1", y="b"),
            region({"name": "point", "cx": 1, "cy": 1}, kind="a"),
        ],
    )
    assert circle.category == "a" and circle.rings[0].max(axis=0).round(1).tolist() == [8, 8]
    assert (named.category, named.bounds_xyxy) == ("b", (1, 1, 3, 3))
    assert unnamed.problem and "one attribute" in unnamed.problem
    assert not point.extent


def test_supervisely_has_holes_and_bitmaps() -> None:
    hole = [[4, 4], [8, 4], [8, 8]]
    shape = {
        "classTitle": "a",
        "geometryType": "polygon",
        "points": {"exterior": RING, "interior": [hole]},
    }
    bomb = {"classTitle": "a", "geometryType": "bitmap", "bitmap": {"data": "!!", "origin": [0, 0]}}
    alien = shape | {"classTitle": "alien"}
    document = {"objects": [shape, bomb, alien]}
    polygon, bitmap, unnamed = objects("supervisely", document, categories={"a": ""})
    assert unnamed.problem and "not in meta.json" in unnamed.problem and unnamed.rings
    assert polygon.holes[0].tolist() == hole
    assert bitmap.problem and "base64" in bitmap.problem
    with pytest.raises(DatakitError, match="found them for 5x5"):
        objects("supervisely", {"objects": [], "size": {"width": 5, "height": 5}})


# Whose labels


def annotators(tmp_path: Path, second: list[list[float]]) -> Path:
    root = make_label_studio(tmp_path / "src")
    path = root / "project.json"
    tasks = json.loads(path.read_text())
    [region] = tasks[0]["annotations"][0]["result"]
    other = region | {"value": region["value"] | {"points": second}}
    tasks[0]["annotations"].append({"completed_by": {"email": "b@x"}, "result": [other]})
    tasks[1]["predictions"] = tasks[1].pop("annotations")
    path.write_text(json.dumps(tasks))
    return root


def test_annotators_who_disagree_are_decided_by_an_option(tmp_path: Path) -> None:
    root = annotators(tmp_path, [[0, 0], [9, 0], [9, 9]])
    found = reader(root)
    [failure] = found.failures
    assert "--annotator" in failure.error and "train/a.jpg" in failure.error
    assert "b@x" in failure.error and len(found) == 3
    assert any("predictions" in note for note in found.notes)
    for name, points in (("b@x", 3), ("last", 3), ("1", 4)):
        [item, *_] = reader(root, annotator=name).items()
        assert len(json.loads(item.annotations or b"")[0]["value"]["points"]) == points
    [item, *_] = (agreeing := reader(root, annotator="agree")).items()
    assert item.annotations is None and any("disagree" in note for note in agreeing.notes)


def test_annotators_who_agree_and_predictions(tmp_path: Path) -> None:
    points = [[100 * x / WIDTH, 100 * y / HEIGHT] for x, y in RING]
    found = reader(annotators(tmp_path, points))
    assert found.failures == ()
    assert [item.label_state for item in found.items()] == ["complete", "none"] + ["complete"] * 2
    read = reader(tmp_path / "src", predictions=True)
    assert {item.label_state for item in read.items()} == {"complete"}


def test_json_min_is_read(tmp_path: Path) -> None:
    picture(tmp_path / "src/a.jpg")
    points = [[100 * x / WIDTH, 100 * y / HEIGHT] for x, y in RING]
    value = {"points": points, "polygonlabels": ["a"], "original_width": 32, "original_height": 24}
    entry = {"id": 1, "image": "/data/upload/1/0123abcd-a.jpg", "label": [value], "annotator": 1}
    (tmp_path / "src/min.json").write_text(json.dumps([entry]))
    found = reader(tmp_path / "src")
    [item] = found.items()
    [one] = READERS.load("label-studio").objects(item, SIZE)
    assert (one.category, found.classes) == ("a", ("a",))
    assert np.allclose(one.rings[0], RING)
    assert any("end of the path" in note for note in found.notes)


# Trees


def test_an_image_of_yolo_without_a_label_file_is_not_labelled(tmp_path: Path) -> None:
    root = make_yolo(tmp_path / "src")
    (root / "labels/train/a.txt").write_text("")
    (root / "labels/train/sub/b.txt").unlink()
    states = {item.key: item.label_state for item in reader(root).items()}
    assert states["train/a.jpg"] == "complete" and states["train/sub/b.jpg"] == "none"


def test_roboflow_s_tree_of_yolo(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        picture(tmp_path / "src" / split / "images/a.jpg")
        label = tmp_path / "src" / split / "labels/a.txt"
        label.parent.mkdir(parents=True)
        label.write_text("0 0 0 1 0 1 1\n")
    yaml = "train: ../train/images\nval: ../valid/images\nnc: 1\nnames: ['a b']\n"
    (tmp_path / "src/data.yaml").write_text(yaml)
    found = reader(tmp_path / "src")
    assert [item.key for item in found.items()] == ["train/a.jpg", "val/a.jpg"]
    assert found.classes == ("a b",)


def test_subsets_of_cvat_are_splits(tmp_path: Path) -> None:
    for name in ("Train/a.jpg", "Validation/a.jpg", "b.jpg"):
        picture(tmp_path / "src/images" / name)
    size = f'width="{WIDTH}" height="{HEIGHT}"'
    (tmp_path / "src/annotations.xml").write_text(
        f'<annotations><image name="a.jpg" subset="Train" {size}/>'
        f'<image name="a.jpg" subset="Validation" {size}/><image name="b.jpg" {size}/>'
        "</annotations>"
    )
    found = reader(tmp_path / "src")
    assert [item.key for item in found.items()] == ["train/a.jpg", "val/a.jpg", "b.jpg"]
    assert found.failures == () and found.unread == {}


@pytest.mark.parametrize("names", [["images/images/x.jpg", "images/x.jpg", "x.jpg"]])
def test_images_whose_short_paths_meet_keep_their_whole_ones(
    tmp_path: Path, names: list[str]
) -> None:
    for name in names:
        picture(tmp_path / "src" / name)
    images = [{"id": n, "file_name": name} for n, name in enumerate(names)]
    found = list(reader(coco(tmp_path / "src", "c.json", images=images)).items())
    assert {item.key for item in found} == set(names)


def coco(root: Path, name: str, **document: Any) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    classes = {"categories": [{"id": 1, "name": "a"}], "annotations": []}
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(json.dumps(classes | document))
    return root


def test_key_points_beside_instances_are_not_read(tmp_path: Path) -> None:
    picture(tmp_path / "src/val2017/a.jpg")
    images = [{"id": 1, "file_name": "a.jpg"}]
    for kind in ("instances", "person_keypoints", "captions"):
        coco(tmp_path / "src", f"annotations/{kind}_val2017.json", images=images)
    found = reader(tmp_path / "src")
    assert [item.key for item in found.items()] == ["val/a.jpg"]
    assert found.unread == {".json": 2}


def test_entries_of_one_image_that_say_the_same_are_one(tmp_path: Path) -> None:
    picture(tmp_path / "src/a.jpg")
    images = [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "./a.jpg"}]
    one = {"category_id": 1, "segmentation": [[1, 1, 9, 1, 9, 9]]}
    same = [{"id": n, "image_id": n, **one} for n in (1, 2)]
    assert len(reader(coco(tmp_path / "src", "c.json", images=images, annotations=same))) == 1
    found = reader(coco(tmp_path / "src", "c.json", images=images, annotations=same[:1]))
    assert len(found) == 0
    assert "a.jpg: expected one entry, found 2 (1 and 2)" in found.failures[0].error


def test_a_name_that_fits_two_images_is_a_failure(tmp_path: Path) -> None:
    for name in ("x/a.jpg", "y/a.jpg"):
        picture(tmp_path / "src" / name)
    found = reader(
        coco(tmp_path / "src", "c.json", images=[{"id": 1, "file_name": "C:\\z\\a.jpg"}])
    )
    assert len(found) == 0
    assert "found several (x/a.jpg, y/a.jpg)" in found.failures[0].error


# Bad input


@pytest.mark.parametrize("encoding", ["utf-16", "gbk"])
@pytest.mark.parametrize("layout", ["coco", "label-studio", "via"])
def test_an_encoding_is_named(tmp_path: Path, layout: str, encoding: str) -> None:
    picture(tmp_path / "src/a.jpg")
    texts: dict[str, object] = {
        "coco": {
            "images": [{"id": 1, "file_name": "照片.jpg"}],
            "annotations": [],
            "categories": [],
        },
        "label-studio": [{"data": {"image": "照片.jpg"}, "annotations": []}],
        "via": {"照片": {"filename": "照片.jpg", "regions": []}},
    }
    text = json.dumps(texts[layout], ensure_ascii=False)
    (tmp_path / "src/set.json").write_bytes(text.encode(encoding))
    named = r"expected text in UTF-8, found (UTF-16|another)"
    try:
        [failure, *_] = open_sources([str(tmp_path / "src")], layout=layout).failures
    except DatakitError as error:
        assert re.search(named, str(error))
    else:
        assert re.search(named, failure.error)


def test_a_document_type_is_refused_and_nothing_is_expanded(tmp_path: Path) -> None:
    picture(tmp_path / "src/a.jpg")
    (tmp_path / "src/annotations.xml").write_text(
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><annotations><image name="&a;"/></annotations>'
    )
    with pytest.raises(SchemaError, match="document type"):
        reader(tmp_path / "src")


@pytest.mark.parametrize("name", ["../../etc/passwd.jpg", "a/../../b.jpg"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "src/other.jpg")
    found = reader(coco(tmp_path / "src", "c.json", images=[{"id": 1, "file_name": name}]))
    assert len(found) == 0 and len(found.failures) == 1


def test_the_forms_of_via_say_the_same(tmp_path: Path) -> None:
    xs, ys = ([float(v) for v in axis] for axis in zip(*RING, strict=True))
    shape = {"name": "polygon", "all_points_x": xs, "all_points_y": ys}
    region = {"shape_attributes": shape, "region_attributes": {"kind": "cat", "note": "old"}}
    texts = {
        "two.json": json.dumps(
            {"_via_img_metadata": {"a": {"filename": "a.jpg", "regions": [region]}}}
        ),
        "region.csv": "#filename,file_size,file_attributes,region_count,region_id,"
        "region_shape_attributes,region_attributes\n"
        + ",".join(
            [
                "a.jpg",
                "9",
                '"{}"',
                "1",
                "0",
                *(f'"{json.dumps(one).replace(chr(34), chr(34) * 2)}"' for one in region.values()),
            ]
        )
        + "\n",
        "three.json": json.dumps(
            {
                "project": {"pid": "__VIA_PROJECT_ID__", "vid_list": ["1"]},
                "config": {},
                "attribute": {
                    "1": {"aname": "class", "type": 4, "options": {"0": "dog", "1": "cat"}},
                    "2": {"aname": "note", "type": 1, "options": {}},
                },
                "file": {"1": {"fid": "1", "fname": "a.jpg", "type": 2, "src": "a.jpg"}},
                "metadata": {
                    "1_x": {
                        "vid": "1",
                        "z": [],
                        "xy": [7, *(float(v) for point in RING for v in point)],
                        "av": {"1": "1", "2": "old"},
                    },
                    "1_y": {"vid": "1", "z": [], "xy": [1, 3, 3], "av": {"1": "0"}},
                },
                "view": {"1": {"fid_list": ["1"]}},
            }
        ),
    }
    texts = {name: text.replace("kind", "class") for name, text in texts.items()}
    for name, text in texts.items():
        root = tmp_path / name.partition(".")[0]
        picture(root / "a.jpg")
        (root / name).write_text(text)
        for path in (root, root / name):
            found = reader(path)
            [item] = found.items()
            first, *others = READERS.load("via").objects(item, SIZE)
            assert first.category == "cat" and first.problem is None
            assert first.rings[0].tolist() == RING
            assert [one.extent for one in others] == [False] * (name == "three.json")


@pytest.mark.parametrize("xy", [[8, 5], [8, "a", "b"], [[7], 1], [7, None], "7", [3], 9])
def test_a_region_of_via_3_that_is_none_costs_itself(tmp_path: Path, xy: Any) -> None:
    good = {"vid": "1", "xy": [2, 1, 1, 9, 9], "av": {}}
    picture(tmp_path / "a.jpg")
    (tmp_path / "via.json").write_text(
        json.dumps(
            {
                "project": {"vid_list": ["1"]},
                "attribute": {},
                "file": {"1": {"fname": "a.jpg"}},
                "metadata": {"a": {"vid": "1", "xy": xy, "av": {}}, "b": good},
                "view": {"1": {"fid_list": ["1"]}},
            }
        )
    )
    [item] = reader(tmp_path).items()
    wrong, right = READERS.load("via").objects(item, SIZE)
    assert wrong.problem and right.bounds_xyxy == (1, 1, 10, 10)


def test_a_line_separator_in_a_class_ends_no_row_of_vias_csv(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    cells = ['{"name": "point", "cx": 1, "cy": 1}', '{"class": "a\u2028b"}']
    quoted = ",".join(f'"{cell.replace(chr(34), 2 * chr(34))}"' for cell in cells)
    head = "#filename,region_shape_attributes,region_attributes"
    (tmp_path / "via.csv").write_text(f"{head}\r\na.jpg,{quoted}\r\n", newline="")
    assert reader(tmp_path).classes == ("a\u2028b",)


@pytest.mark.parametrize("text", ["{", "a,b\n", '"'])
def test_a_bad_cell_of_vias_csv_costs_its_region(tmp_path: Path, text: str) -> None:
    picture(tmp_path / "a.jpg")
    head = "filename,region_shape_attributes,region_attributes\n"
    (tmp_path / "via.csv").write_text(f"{head}a.jpg,{text},{{}}\n")
    [item] = reader(tmp_path).items()
    [region] = READERS.load("via").objects(item, SIZE)
    assert region.problem and "cell that is no JSON" in region.problem


# What other people's files leave out


@pytest.mark.parametrize("attributes", [{"class": 3}, {}])
def test_a_class_of_via_may_be_a_number_or_the_only_one(
    tmp_path: Path, attributes: dict[str, Any]
) -> None:
    picture(tmp_path / "a.jpg")
    shape = {"name": "rect", "x": 1, "y": 2, "width": 3, "height": 4}
    region = {"shape_attributes": shape, "region_attributes": attributes}
    entry = {"filename": "a.jpg", "regions": [region]}
    (tmp_path / "via.json").write_text(json.dumps({"a.jpg9": entry}))
    found = reader(tmp_path)
    assert found.classes == (("3",) if attributes else ("foreground",))
    [item] = found.items()
    [one] = found.objects(item, SIZE)
    assert one.problem is None and one.category == found.classes[0]
    assert any("no class of any region" in note for note in found.notes) == (not attributes)


def test_the_name_of_nobody_is_no_annotator(tmp_path: Path) -> None:
    source = annotators(tmp_path, [[0, 0], [50, 0], [50, 50]])
    with pytest.raises(DatakitError, match="expected one of those who labelled"):
        reader(source, annotator="nobody")


def test_completions_of_early_label_studio_are_annotations(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    value = {"points": [[0, 0], [50, 0], [50, 50]], "polygonlabels": ["a"]}
    result = [{"type": "polygonlabels", "value": value}]
    task = {"data": {"image": "a.jpg"}, "completions": [{"id": 1, "result": result}]}
    (tmp_path / "tasks.json").write_text(json.dumps([task]))
    found = reader(tmp_path)
    assert (found.labelled, found.classes) == (1, ("a",))


def test_a_region_of_two_labels_is_known_where_it_is() -> None:
    value = {"points": [[0, 0], [50, 0], [50, 50]], "polygonlabels": ["a", "b"]}
    [one] = objects("label-studio", [{"type": "polygonlabels", "value": value}])
    assert one.problem and len(one.rings) == 1


def test_labelme_is_told_by_the_files_of_images(tmp_path: Path) -> None:
    picture(tmp_path / "z.jpg")
    for number in range(9):
        (tmp_path / f"{number}.json").write_text("{}")
    document = {"imagePath": "z.jpg", "shapes": [{"label": "a", "points": RING}]}
    (tmp_path / "z.json").write_text(json.dumps(document))
    assert open_sources([str(tmp_path)]).formats == ("labelme",)


def test_labels_in_entries_of_their_own_name_the_regions_of_their_ids(tmp_path: Path) -> None:
    """As `<Labels>` beside `<Polygon>` and `<Rectangle>` is exported."""
    points = [[0, 0], [50, 0], [50, 100]]
    box = {"x": 0, "y": 0, "width": 25, "height": 50}
    size = {"original_width": 40, "original_height": 20}
    result = [
        {"id": "b", "type": "labels", "value": {**box, "labels": ["dog"]}, **size},
        {"id": "a", "type": "polygon", "value": {"points": points}, **size},
        {"id": "b", "type": "rectangle", "value": box, **size},
        {"id": "a", "type": "labels", "value": {"points": points, "labels": ["cat"]}, **size},
        {"id": "c", "type": "polygon", "value": {"points": points}, **size},
    ]
    picture(tmp_path / "a.jpg")
    task = {"id": 1, "data": {"image": "a.jpg"}, "annotations": [{"id": 1, "result": result}]}
    (tmp_path / "project.json").write_text(json.dumps([task]))
    source = open_sources([str(tmp_path)])
    assert set(source.classes) == {"cat", "dog"}
    [item] = source.items()
    cat, dog, nameless = READERS.load(item.layout).objects(item, (40, 20))
    assert (cat.category, len(cat.rings), cat.problem) == ("cat", 1, None)
    assert (dog.category, dog.bounds_xyxy, dog.problem) == ("dog", (0.0, 0.0, 10.0, 10.0), None)
    assert nameless.problem is not None and "expected one label" in nameless.problem


def test_an_image_that_is_listed_twice_without_annotations_is_one(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    listed = [{"id": n, "file_name": "a.jpg", "width": 40, "height": 20} for n in (1, 2)]
    (tmp_path / "image_info.json").write_text(json.dumps({"images": listed, "categories": []}))
    source = open_sources([str(tmp_path)])
    [item] = source.items()
    assert item.label_state == "none" and not source.failures
