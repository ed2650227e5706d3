#pragma once
// What the management API answers to. Internal.

#include "management/management.hpp"

namespace rowmq::management {

struct Management::Route {
    std::string_view method, pattern;
    May may;
    Handler handler;
    bool is_import = false;  ///< its body is an object, or a form with that as a file
};

}  // namespace rowmq::management
