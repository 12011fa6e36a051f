"""Generated logits and masks for the loss tests.

Shape suffixes: B batch, K classes, H height, W width, P pixels that are not ignored.
"""

import numpy as np
import torch
from hypothesis import strategies as st

IGNORED = 255


def scene(seed, batch=2, classes=4, height=5, width=7, present=None, ignored=0.2, spread=2.0):
    """Return float64 logits_BKHW that need a gradient, and uint8 masks_BHW."""
    rng = np.random.default_rng(seed)
    masks_BHW = rng.choice(range(classes) if present is None else present, (batch, height, width)).astype(np.uint8)
    masks_BHW[rng.random(masks_BHW.shape) < ignored] = IGNORED
    logits_BKHW = torch.tensor(spread * rng.normal(size=(batch, classes, height, width)), requires_grad=True)
    return logits_BKHW, torch.from_numpy(masks_BHW)


@st.composite
def scenes(draw):
    """Draw small batches, often with absent classes, and without or with nothing but ignored pixels."""
    classes = draw(st.integers(1, 5))
    return scene(
        draw(st.integers(0, 2**32 - 1)),
        batch=draw(st.integers(1, 3)),
        classes=classes,
        height=draw(st.integers(1, 4)),
        width=draw(st.integers(1, 4)),
        present=draw(st.lists(st.integers(0, classes - 1), min_size=1, unique=True)),
        ignored=draw(st.sampled_from([0.0, 0.3, 0.9, 1.0])),
        spread=draw(st.sampled_from([0.1, 2.0, 30.0])),
    )


def pixels(logits_BKHW, masks_BHW):
    """Return probabilities_PK and labels_P of the pixels that count, by numpy in float64."""
    logits_XK = np.moveaxis(logits_BKHW.detach().double().numpy(), 1, -1).reshape(-1, logits_BKHW.shape[1])
    odds_XK = np.exp(logits_XK - logits_XK.max(axis=1, keepdims=True))
    labels_X = masks_BHW.numpy().ravel()
    kept_X = labels_X != IGNORED
    return (odds_XK / odds_XK.sum(axis=1, keepdims=True))[kept_X], labels_X[kept_X].astype(int)


def certain(masks_BHW, classes):
    """Return float32 logits that are sure of what the masks say."""
    truth_BHWK = masks_BHW.numpy()[..., None] == np.arange(classes)
    return torch.from_numpy(np.moveaxis(np.where(truth_BHWK, 40.0, -40.0), -1, 1).astype(np.float32)).requires_grad_()
