# Makes a text file part of the program: cmake -DFILE=... -DOUTPUT=... -P embed.cmake
file(READ ${FILE} content)
file(WRITE ${OUTPUT} "#include \"admin/openapi.hpp\"\n\nnamespace rowmq::admin {\n\nstd::string_view openapi_json() {\n    return R\"~~~(${content})~~~\";\n}\n\n}  // namespace rowmq::admin\n")
