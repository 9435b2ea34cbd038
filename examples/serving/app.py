"""An HTTP service around an ONNX file: `MODEL=detector.onnx uvicorn app:app`.

It needs fastapi, uvicorn, NumPy and onnxruntime, and neither skunsup nor TensorFlow.
"""

import os
from pathlib import Path
from typing import Annotated

import numpy as np
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

MOST_ROWS = 1_000
MOST_BYTES = 1_000_000

Number = Annotated[float, Field(allow_inf_nan=False)]


class Rows(BaseModel):
    """Body of a request: rows of numbers, all of the width that the model takes."""

    model_config = ConfigDict(extra="forbid")
    rows: Annotated[list[list[Number]], Field(min_length=1, max_length=MOST_ROWS)]


class Session:
    """An ONNX file, ready to compute.

    One thread: a row takes less time than a second thread needs to begin.
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options)
        self.names = [output.name for output in self.session.get_outputs()]
        self.width = self.session.get_inputs()[0].shape[1]

    def __call__(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs of the model for rows, by their names."""
        found = self.session.run(self.names, {"X": rows})
        return dict(zip(self.names, found, strict=True))


class Live:
    """The pipeline itself out of a file of skops, for comparison."""

    names = ("predict", "decision_function", "score_samples")

    def __init__(self, path: Path) -> None:
        import skops.io

        import skunsup

        self.pipeline = skops.io.load(path, trusted=skunsup.TRUSTED_TYPES)
        self.width = self.pipeline.n_features_in_

    def __call__(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Results of the pipeline for rows, by the names of its methods."""
        return {name: getattr(self.pipeline, name)(rows) for name in self.names}


class BoundedSize:
    """Refuses bodies that are larger than what may be read, also without a length."""

    def __init__(self, app, most: int) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope, receive, send) -> None:
        """Read no further than allowed."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        read = 0

        async def counted():
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most:
                raise HTTPException(413, f"The body has more than {self.most} bytes.")
            return message

        if not stated.isdigit() or int(stated) > self.most:
            detail = f"The body has more than {self.most} bytes. Send fewer rows."
            await JSONResponse({"detail": detail}, 413)(scope, receive, send)
            return
        await self.app(scope, counted, send)


async def named_fields(_: Request, error: RequestValidationError) -> JSONResponse:
    """Say which field is wrong and why, without what it held, which may be large."""
    problems = [{"loc": each["loc"], "msg": each["msg"]} for each in error.errors()]
    return JSONResponse({"detail": problems[:100]}, 422)


def create_app(path: str | Path) -> FastAPI:
    """Return the app around a file, `.onnx` or `.skops`."""
    path = Path(path)
    model = (Live if path.suffix == ".skops" else Session)(path)
    app = FastAPI(title="Outlier detection", docs_url="/")
    app.add_exception_handler(RequestValidationError, named_fields)
    app.add_middleware(BoundedSize, most=MOST_BYTES)

    @app.get("/health")
    async def health() -> dict[str, str | int]:
        """Answer once the model can compute a row."""
        model(np.zeros((1, model.width)))
        return {"status": "ok", "n_features": model.width}

    @app.post("/predict")
    async def predict(body: Rows) -> JSONResponse:
        """Say of each row whether it is an outlier, -1, or an inlier, +1."""
        for number, row in enumerate(body.rows):
            if len(row) != model.width:
                problem = f"The row has {len(row)} numbers, expected {model.width}"
                named = {"loc": ["body", "rows", number], "msg": problem}
                raise HTTPException(422, [named])
        found = model(np.array(body.rows, np.float64))
        return JSONResponse({name: value.tolist() for name, value in found.items()})

    return app


if "MODEL" in os.environ:
    app = create_app(os.environ["MODEL"])
