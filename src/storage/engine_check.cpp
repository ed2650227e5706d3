// The door compiles on its own.
#include "storage/engine.hpp"
