//! Programs of this package carry the folder of the LibTorch they were linked with, so that an installed `fm` runs from
//! anywhere. It is written as RUNPATH (new dtags), which `LD_LIBRARY_PATH` overrides: another LibTorch can be tried
//! without a new build.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Told by torch-sys (`links = "tch"`); under `doc-only` nothing is linked and nothing is told.
    if let Ok(lib) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,--enable-new-dtags,-rpath,{lib}");
    }
}
