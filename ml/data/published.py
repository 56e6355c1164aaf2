"""Figures that papers report, shown beside ours. They were measured on other data and are not comparable."""

from dataclasses import dataclass

from ml.data.datasets import ImageSet


@dataclass(frozen=True)
class Row:
    megabytes: float  # of 2**20 bytes
    seconds: float  # per image on a CPU, batch 1
    precision: float


# "Shoe retrieval by InfoGAN", its table II: UT-Zappos50K, 10,000 pictures, 8 classes; k, queries, classes not stated.
# Keras models on a 24-core Xeon E5-2628L. By the names of torchvision's networks, or else of timm's.
TABLE_2 = {
    "vgg16": Row(528, 0.22, 0.75),
    "vgg19": Row(549, 0.21, 0.81),
    "resnet50": Row(98, 0.09, 0.79),
    "resnet101": Row(171, 0.16, 0.80),
    "resnet152": Row(232, 0.23, 0.82),
    "inception_v3": Row(92, 0.11, 0.64),
    "timm:inception_resnet_v2": Row(215, 0.06, 0.51),
    "timm:mobilenetv1_100": Row(16, 0.03, 0.44),
    "mobilenet_v2": Row(14, 0.04, 0.73),
    "densenet121": Row(33, 0.10, 0.61),
    "densenet169": Row(57, 0.12, 0.64),
    "densenet201": Row(80, 0.15, 0.56),
    "infogan": Row(23.7, 0.004, 0.84),
}

# The AGE poster's probes on SVHN: accuracy on train and validation. Its neighbours on train count the picture itself.
PROBES = {
    ("age", "svm"): (0.2354, 0.1946),
    ("age", "knn"): (0.434, 0.162),
    ("pixels", "svm"): (0.4649, 0.1279),
}


@dataclass(frozen=True)
class Claim:
    method: str
    metric: str
    value: float
    source: str


KANG = "Kang et al. 2017, arXiv:1711.02231, of 64,583 users; quoted by ruchaa01/DVBPR"
LOG = "DVBPR.log of the released code, K 100, epoch"
RERUN = "Gabay and Damri 2021, amitdamri/Visually-Aware-Fashion-Recommendation-System"

# By the name of the file. Of Kang et al. only these figures were available to us.
RANKING = {
    "AmazonFashion6ImgPartitioned": (
        Claim("dvbpr", "auc", 0.7964, KANG),
        Claim("dvbpr", "auc/sampled-100", 0.7987, f"{LOG} 19"),
        Claim("dvbpr", "auc/sampled-100", 0.8011, f"{LOG} 14, the best on test"),
        Claim("dvbpr", "auc", 0.783, RERUN),
        Claim("inception-bpr", "auc", 0.764, RERUN),
        Claim("cae-bpr", "auc", 0.52, RERUN),
    ),
    "AmazonMenWithImgPartitioned": (
        Claim("dvbpr", "auc", 0.74, RERUN),
        Claim("inception-bpr", "auc", 0.723, RERUN),
        Claim("cae-bpr", "auc", 0.51, RERUN),
    ),
    "TradesyImgPartitioned": (
        Claim("vbpr", "auc", 0.7834, "He and McAuley 2016, arXiv:1510.01784"),
        Claim("vbpr", "auc/cold", 0.7594, "He and McAuley 2016, arXiv:1510.01784"),
        Claim("vbpr", "auc", 0.7628, "aaossa/VBPR-PyTorch"),
        Claim("vbpr", "auc/cold", 0.7489, "aaossa/VBPR-PyTorch"),
        Claim("dvbpr", "auc", 0.78, RERUN),
        Claim("inception-bpr", "auc", 0.721, RERUN),
        Claim("cae-bpr", "auc", 0.508, RERUN),
    ),
}

# UT-Zappos50K's sub-categories as the eight classes of table II. The paper's own map is unpublished; this is ours.
SHOES = {
    "Shoes/Heels": "heels",
    "Sandals/*": "sandals",
    "Shoes/Sneakers and Athletic Shoes": "sports",
    "Boots/Ankle": "boots",
    "Boots/Mid-Calf": "boots",
    "Boots/Knee High": "high boots",
    "Boots/Over the Knee": "high boots",
    "Shoes/Loafers": "loafers",
    "Slippers/*": "slippers",
    "Shoes/Flats": "flats",
}
SHOE_CLASS = "shoe class"


def label_shoe_classes(images: ImageSet) -> ImageSet | None:
    """Label UT-Zappos50K's images by their shoe class alone, "" where it is none of the eight; None for other sets."""
    if not {"category", "subcategory"} <= set(images.labels):
        return None
    pairs = zip(images.class_names_of("category"), images.class_names_of("subcategory"), strict=True)
    classes = [SHOES.get(f"{category}/{sub}") or SHOES.get(f"{category}/*") or "" for category, sub in pairs]
    return images.labelled_by(SHOE_CLASS, classes) if len(set(classes) - {""}) >= 2 else None
