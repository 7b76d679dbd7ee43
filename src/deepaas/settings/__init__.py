"""Every setting of a server, in one typed tree that is read once and passed on.

`tree` says what can be set, and what `deepaas-run` does otherwise; `names` how a
setting is called elsewhere (options, environment, 2.x); `sources` reads the places
where people set something, and `load` decides which of them wins.
"""

from deepaas.settings.load import load_settings as load_settings
from deepaas.settings.load import unknown_variables as unknown_variables
from deepaas.settings.sources import Given as Given
from deepaas.settings.tree import PROFILES as PROFILES
from deepaas.settings.tree import ApiSettings as ApiSettings
from deepaas.settings.tree import LimitSettings as LimitSettings
from deepaas.settings.tree import LogSettings as LogSettings
from deepaas.settings.tree import ModelSettings as ModelSettings
from deepaas.settings.tree import Profile as Profile
from deepaas.settings.tree import ServerSettings as ServerSettings
from deepaas.settings.tree import Settings as Settings
from deepaas.settings.tree import WorkerSettings as WorkerSettings
