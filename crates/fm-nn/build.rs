//! The test programs of this package carry the folder of the LibTorch they were linked with, as RUNPATH, which
//! `LD_LIBRARY_PATH` overrides. A dependent's programs do not inherit it: see the build script of fm-cli.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Told by torch-sys (`links = "tch"`); under `doc-only` nothing is linked and nothing is told.
    if let Ok(lib) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,--enable-new-dtags,-rpath,{lib}");
    }
}
