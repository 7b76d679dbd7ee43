"""A module in the style of 2019, for DEEPaaS 0.5: one dict of all arguments."""

# mypy: ignore-errors

import json

labels = ["rosa", "lilium", "aster"]


def get_metadata():
    return {
        "Name": "Plants",
        "Version": "0.5",
        "Author": "Grace",
        "name": "Plants of 2019",
    }


def get_test_args():
    return {
        "top": {"default": "1", "help": "How many labels", "required": False},
        "network": {
            "default": "Resnet50",
            "choices": ["Resnet50", "VGG16"],
            "help": "Which network",
            "type": str,
            "required": False,
        },
        "do": {"help": "", "required": False},
    }


def get_train_args():
    return {
        "lr": {"help": "Learning rate", "required": True},
        "epochs": {"default": json.dumps(3), "help": "Epochs", "required": False},
    }


def predict_file(path):
    raise AssertionError("nobody calls it")


def predict_data(args):
    """Name the plant on a photo."""
    file = args["files"][0]
    if args["do"] == "fail":
        raise ValueError("too dark")
    if args["do"] == "refuse":
        raise NotImplementedError
    if args["do"] == "text":
        return "plain"
    if args["do"] == "nothing":
        return None
    return {
        "status": "ok",
        "predictions": labels[: json.loads(args["top"])],
        "network": args.network,
        "file": [file.filename, file.content_type, file.read().decode()],
        "arguments": sorted(args),
        "urls": args["urls"],
    }


def predict_url(args):
    return {"urls": args["urls"], "files": args["files"], "top": args["top"]}


def train(train_args):
    if train_args["lr"] == "steep":
        raise ValueError("it diverges")
    print("trained at", train_args.lr)  # noqa: T201 - as then
    return {"lr": json.loads(train_args["lr"]), "epochs": train_args["epochs"]}
