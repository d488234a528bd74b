# Sourced by the other scripts: how many jobs, and faster tools where they are there.
jobs=$(nproc)
fast_flags=()
command -v ccache >/dev/null && fast_flags+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
command -v mold >/dev/null && fast_flags+=(-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=mold)
# Precompiled headers hold times, which ccache would otherwise take for a difference.
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
# The same source built in two folders is the same object.
export CCACHE_NOHASHDIR=1
