//! A system whose calls fail, put before the program by `LD_PRELOAD`.

use std::path::PathBuf;
use std::process::Command;

use crate::testenv::{World, has, skip};

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Files whose name contains what FAIL_CLOSE says lose what was written when they are closed. */
int close(int fd) {
    char link[64], path[4096];
    const char *name = getenv("FAIL_CLOSE");
    ssize_t len = 0;
    if (name) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        len = readlink(link, path, sizeof path - 1);
    }
    path[len > 0 ? len : 0] = 0;
    long result = syscall(SYS_close, fd);
    if (name && len > 0 && strstr(path, name)) {
        errno = EDQUOT;
        return -1;
    }
    return (int)result;
}

static int sync_with(long call, int fd) {
    if (getenv("FAIL_FSYNC")) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(call, fd);
}
int fsync(int fd) { return sync_with(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_with(SYS_fdatasync, fd); }
"#;

/// Builds it; None where there is no C compiler, which is said.
pub fn build(world: &World) -> Option<PathBuf> {
    if !has("cc") {
        skip("there is no C compiler");
        return None;
    }
    let source = world.write("shim/shim.c", SOURCE.as_bytes());
    let library = world.path("shim/shim.so");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status().unwrap();
    assert!(built.success());
    Some(library)
}
