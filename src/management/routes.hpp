#pragma once
// What the management API answers to. Internal.

#include "management/management.hpp"

namespace rowmq::management {

struct Management::Route {
    std::string_view method, pattern;
    May may;
    Handler handler;
};

}  // namespace rowmq::management
