"""A head for every task of one vector per image, and a loss for segmentation."""

import torch.nn.functional as F
from torch import nn

from visionft.annotations.marks import IGNORE
from visionft.models.heads.linear import LinearHead


class TwoLayers(LinearHead):
    kind = "two_layers"

    def __init__(self, embedding_dim, classes, dropout=0.0, *, loss, activation):
        super().__init__(embedding_dim, classes, dropout, loss=loss, activation=activation)
        self.hidden = nn.Linear(embedding_dim, embedding_dim)

    def predict(self, features):
        return super().predict(self.hidden(features).relu())


class Brier:
    kind = "brier"

    def __call__(self, logits_BKHW, masks_BHW, weights_K=None):
        known_BHW = masks_BHW != IGNORE
        true_BKHW = F.one_hot(masks_BHW.long() * known_BHW, logits_BKHW.shape[1]).movedim(3, 1)
        error_BHW = ((logits_BKHW.float().softmax(dim=1) - true_BKHW) ** 2).sum(dim=1)
        return (error_BHW * known_BHW).sum() / known_BHW.sum().clamp(min=1)
