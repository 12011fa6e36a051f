"""What licences of pretrained weights ask for that is easily overlooked; a fine-tuned network is made of them."""

_RESEARCH = "research and other non-commercial use only, of fine-tuned networks too"
_OWN = "terms of their own, which go with fine-tuned networks: read them before you pass one on"

# Names as timm, the hubs and the publishers write them, in lower case; what begins with one is one.
_TERMS = {
    "cc-by-nc": _RESEARCH,
    "fair-noncommercial-research-license": _RESEARCH,  # EUPE, and some of Meta's other networks
    "apple-amlr": _RESEARCH,
    "seer-license": _RESEARCH,
    "nsclv1": _RESEARCH,  # older weights of RADIO
    "dinov3-license": _OWN,
    "nvidia-open-model-license": _OWN,  # RADIO
    "pml": _OWN,  # RF-DETR XL and 2XL
    "apple-ascl": _OWN,
    "mobileone-license": _OWN,
    "gemma": _OWN,
    "qwen": _OWN,
    "other": _OWN,
    "unknown": "nobody says on which terms; ask who published them before you pass a network on",
}


def terms_of(licence: str) -> str:
    """Return what to know of a licence, empty where it is one of the usual permissive ones."""
    name = licence.strip().lower().replace(" ", "-")
    return next((terms for begin, terms in _TERMS.items() if name.startswith(begin)), "")
