"""Models of pythae (Chadebec et al. 2022) and their training, for the speed tables."""

import itertools
import logging
import tempfile


def dense(widths):
    """Return dense layers in torch, relu between them."""
    from torch import nn

    layers = []
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def halves(n_features, task):
    """Return encoder and decoder as pythae takes them."""
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    class Encoder(BaseEncoder):
        def __init__(self):
            super().__init__()
            self.layers = dense((n_features, *task.hidden, 2 * task.n_components))

        def forward(self, x):
            mean, log_variance = self.layers(x).chunk(2, dim=1)
            return ModelOutput(embedding=mean, log_covariance=log_variance)

    class Decoder(BaseDecoder):
        def __init__(self):
            super().__init__()
            self.layers = dense((task.n_components, *task.hidden[::-1], n_features))

        def forward(self, z):
            return ModelOutput(reconstruction=self.layers(z))

    return Encoder(), Decoder()


def judge(task):
    """Return the discriminator of codes."""
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDiscriminator
    from torch import nn

    class Judge(BaseDiscriminator):
        def __init__(self):
            super().__init__()
            widths = (task.n_components, *task.hidden, 1)
            self.layers = nn.Sequential(dense(widths), nn.Sigmoid())

        def forward(self, z, output_layer_levels=None):
            return ModelOutput(embedding=self.layers(z))

    return Judge()


def variational(n_features, task):
    """Return its VAE and how to train it."""
    from pythae.models import VAE, VAEConfig
    from pythae.trainers import BaseTrainerConfig

    config = VAEConfig((n_features,), task.n_components)
    return (
        VAE(config, *halves(n_features, task)),
        BaseTrainerConfig,
        {"learning_rate": task.learning_rate},
    )


def adversarial(n_features, task):
    """Return its adversarial autoencoder and how to train it."""
    from pythae.models import Adversarial_AE, Adversarial_AE_Config
    from pythae.trainers import AdversarialTrainerConfig

    config = Adversarial_AE_Config((n_features,), task.n_components)
    return (
        Adversarial_AE(config, *halves(n_features, task), judge(task)),
        AdversarialTrainerConfig,
        dict.fromkeys(
            ("autoencoder_learning_rate", "discriminator_learning_rate"),
            task.learning_rate,
        ),
    )


class Pythae:
    """A model with dense networks and its fit, which keeps the model between calls."""

    def __init__(self, make, task):
        self.make, self.task, self.made = make, task, None

    def fit(self, X):
        """Train for the task's epochs."""
        self.made = self.made or self.make(X.shape[1], self.task)
        model, config, rates = self.made
        train(model, X, config, self.task.batch_size, self.task.epochs, **rates)


def train(model, X, config, batch_size, epochs, **rates):
    """Train any model of pythae, its files in a folder that goes at the end."""
    from pythae.pipelines import TrainingPipeline

    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        training = config(
            folder,
            per_device_train_batch_size=batch_size,
            num_epochs=epochs,
            no_cuda=True,
            **rates,
        )
        pipeline = TrainingPipeline(model=model, training_config=training)
        pipeline(train_data=X)
