"""torchvision's classification networks and the images that each takes, known without importing torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Network:
    """The limits of one network. A test compares them with the network itself."""

    features: int  # how many numbers it computes before its classifier
    least_side: int = 1  # pixels a side of the smallest image it takes
    side_step: int = 1  # its sides are multiples of this ...
    side_slack: int = 0  # ... or up to so many pixels less
    # The side from which its last map, pooled right before the classifier, has more than one cell; 0: there is no such
    # map.
    flattened_from: int = 0

    def takes_side(self, side: int) -> bool:
        """Return whether the network takes square images of this side."""
        return side >= self.least_side and -side % self.side_step <= self.side_slack

    @property
    def sides(self) -> str:
        """Describe in words which sides it takes."""
        if self.side_step == 1:
            return f"{self.least_side} pixels a side or more"
        less = f", or up to {self.side_slack} less" if self.side_slack else ""
        return f"multiples of {self.side_step} pixels a side{less}"


BACKBONES: dict[str, Network] = {
    "alexnet": Network(4096, least_side=63),
    "convnext_base": Network(1024, least_side=32, flattened_from=64),
    "convnext_large": Network(1536, least_side=32, flattened_from=64),
    "convnext_small": Network(768, least_side=32, flattened_from=64),
    "convnext_tiny": Network(768, least_side=32, flattened_from=64),
    "densenet121": Network(1024, least_side=29),
    "densenet161": Network(2208, least_side=29),
    "densenet169": Network(1664, least_side=29),
    "densenet201": Network(1920, least_side=29),
    "efficientnet_b0": Network(1280, flattened_from=33),
    "efficientnet_b1": Network(1280, flattened_from=33),
    "efficientnet_b2": Network(1408, flattened_from=33),
    "efficientnet_b3": Network(1536, flattened_from=33),
    "efficientnet_b4": Network(1792, flattened_from=33),
    "efficientnet_b5": Network(2048, flattened_from=33),
    "efficientnet_b6": Network(2304, flattened_from=33),
    "efficientnet_b7": Network(2560, flattened_from=33),
    "efficientnet_v2_l": Network(1280, flattened_from=33),
    "efficientnet_v2_m": Network(1280, flattened_from=33),
    "efficientnet_v2_s": Network(1280, flattened_from=33),
    "googlenet": Network(1024, least_side=15, flattened_from=47),
    "inception_v3": Network(2048, least_side=75, flattened_from=107),
    "maxvit_t": Network(512, side_step=224, side_slack=3),
    "mnasnet0_5": Network(1280),
    "mnasnet0_75": Network(1280),
    "mnasnet1_0": Network(1280),
    "mnasnet1_3": Network(1280),
    "mobilenet_v2": Network(1280),
    "mobilenet_v3_large": Network(1280),
    "mobilenet_v3_small": Network(1024),
    "regnet_x_16gf": Network(2048, flattened_from=33),
    "regnet_x_1_6gf": Network(912, flattened_from=33),
    "regnet_x_32gf": Network(2520, flattened_from=33),
    "regnet_x_3_2gf": Network(1008, flattened_from=33),
    "regnet_x_400mf": Network(400, flattened_from=33),
    "regnet_x_800mf": Network(672, flattened_from=33),
    "regnet_x_8gf": Network(1920, flattened_from=33),
    "regnet_y_128gf": Network(7392, flattened_from=33),
    "regnet_y_16gf": Network(3024, flattened_from=33),
    "regnet_y_1_6gf": Network(888, flattened_from=33),
    "regnet_y_32gf": Network(3712, flattened_from=33),
    "regnet_y_3_2gf": Network(1512, flattened_from=33),
    "regnet_y_400mf": Network(440, flattened_from=33),
    "regnet_y_800mf": Network(784, flattened_from=33),
    "regnet_y_8gf": Network(2016, flattened_from=33),
    "resnet101": Network(2048, flattened_from=33),
    "resnet152": Network(2048, flattened_from=33),
    "resnet18": Network(512, flattened_from=33),
    "resnet34": Network(512, flattened_from=33),
    "resnet50": Network(2048, flattened_from=33),
    "resnext101_32x8d": Network(2048, flattened_from=33),
    "resnext101_64x4d": Network(2048, flattened_from=33),
    "resnext50_32x4d": Network(2048, flattened_from=33),
    "shufflenet_v2_x0_5": Network(1024),
    "shufflenet_v2_x1_0": Network(1024),
    "shufflenet_v2_x1_5": Network(1024),
    "shufflenet_v2_x2_0": Network(2048),
    "squeezenet1_0": Network(512, least_side=21, flattened_from=37),
    "squeezenet1_1": Network(512, least_side=17, flattened_from=33),
    "swin_b": Network(1024, least_side=4, flattened_from=36),
    "swin_s": Network(768, least_side=4, flattened_from=36),
    "swin_t": Network(768, least_side=4, flattened_from=36),
    "swin_v2_b": Network(1024, least_side=4, flattened_from=36),
    "swin_v2_s": Network(768, least_side=4, flattened_from=36),
    "swin_v2_t": Network(768, least_side=4, flattened_from=36),
    "vgg11": Network(4096, least_side=32),
    "vgg11_bn": Network(4096, least_side=32),
    "vgg13": Network(4096, least_side=32),
    "vgg13_bn": Network(4096, least_side=32),
    "vgg16": Network(4096, least_side=32),
    "vgg16_bn": Network(4096, least_side=32),
    "vgg19": Network(4096, least_side=32),
    "vgg19_bn": Network(4096, least_side=32),
    "vit_b_16": Network(768, side_step=16),
    "vit_b_32": Network(768, side_step=32),
    "vit_h_14": Network(1280, side_step=14),
    "vit_l_16": Network(1024, side_step=16),
    "vit_l_32": Network(1024, side_step=32),
    "wide_resnet101_2": Network(2048, flattened_from=33),
    "wide_resnet50_2": Network(2048, flattened_from=33),
}
