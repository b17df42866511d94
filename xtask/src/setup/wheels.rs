//! The pinned wheels that LibTorch is made from, and what is kept of each.
//!
//! One `torch` wheel is pinned whichever Python runs: only the C++ libraries inside are used, and they do not depend on the
//! interpreter. `torch` for Linux is a CUDA build; its `libtorch_cpu.so` needs exactly two CUDA libraries to load, which
//! come from two small wheels. The CUDA list is what pip resolves for `torch==2.11.0`, less the packages that only Python
//! code uses.

/// The LibTorch release that tch 0.24 binds.
pub(super) const VERSION: &str = "2.11.0";

/// A file of a package index, by content.
#[derive(Debug)]
pub(super) struct Wheel {
    pub(super) project: &'static str,
    pub(super) file: &'static str,
    pub(super) sha256: &'static str,
    /// Files whose path in the wheel begins with the first go below the installed folder, that prefix replaced by the second.
    pub(super) keep: &'static [(&'static str, &'static str)],
}

const TORCH: Wheel = Wheel {
    project: "torch",
    file: "torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl",
    sha256: "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
    keep: &[("torch/include/", "torch/include/"), ("torch/lib/", "torch/lib/")],
};

const CUPTI: Wheel = Wheel {
    project: "nvidia-cuda-cupti",
    file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
    sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
    keep: CU13,
};

const CUDA_RUNTIME: Wheel = Wheel {
    project: "nvidia-cuda-runtime",
    file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    keep: CU13,
};

const CU13: &[(&str, &str)] = &[("nvidia/cu13/lib/", "nvidia/cu13/lib/")];

/// Everything for the processor, in LibTorch's own layout.
pub(super) const CPU: &[Wheel] = &[
    Wheel {
        keep: &[
            ("torch/include/", "include/"),
            ("torch/lib/libtorch_cpu.so", "lib/libtorch_cpu.so"),
            ("torch/lib/libc10.so", "lib/libc10.so"),
            ("torch/lib/libgomp.so.1", "lib/libgomp.so.1"),
        ],
        ..TORCH
    },
    Wheel { keep: &[("nvidia/cu13/lib/libcupti.so.13", "lib/libcupti.so.13")], ..CUPTI },
    Wheel { keep: &[("nvidia/cu13/lib/libcudart.so.13", "lib/libcudart.so.13")], ..CUDA_RUNTIME },
];

/// Everything for NVIDIA GPUs, in the layout of Python's site-packages: the search paths inside the libraries expect it.
pub(super) const CUDA: &[Wheel] = &[
    TORCH,
    CUPTI,
    CUDA_RUNTIME,
    Wheel {
        project: "nvidia-cublas",
        file: "nvidia_cublas-13.1.0.3-py3-none-manylinux_2_27_x86_64.whl",
        sha256: "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
        keep: CU13,
    },
    Wheel {
        project: "nvidia-cuda-nvrtc",
        file: "nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
        sha256: "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
        keep: CU13,
    },
    Wheel {
        project: "nvidia-cudnn-cu13",
        file: "nvidia_cudnn_cu13-9.19.0.56-py3-none-manylinux_2_27_x86_64.whl",
        sha256: "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
        keep: &[("nvidia/cudnn/lib/", "nvidia/cudnn/lib/")],
    },
    Wheel {
        project: "nvidia-cufft",
        file: "nvidia_cufft-12.0.0.61-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        sha256: "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
        keep: CU13,
    },
    Wheel {
        project: "nvidia-cufile",
        file: "nvidia_cufile-1.15.1.6-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        sha256: "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
        keep: CU13,
    },
    Wheel {
        project: "nvidia-curand",
        file: "nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_x86_64.whl",
        sha256: "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
        keep: CU13,
    },
    Wheel {
        project: "nvidia-cusolver",
        file: "nvidia_cusolver-12.0.4.66-py3-none-manylinux_2_27_x86_64.whl",
        sha256: "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
        keep: CU13,
    },
    Wheel {
        project: "nvidia-cusparse",
        file: "nvidia_cusparse-12.6.3.3-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        sha256: "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
        keep: CU13,
    },
    Wheel {
        project: "nvidia-cusparselt-cu13",
        file: "nvidia_cusparselt_cu13-0.8.0-py3-none-manylinux2014_x86_64.whl",
        sha256: "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
        keep: &[("nvidia/cusparselt/lib/", "nvidia/cusparselt/lib/")],
    },
    Wheel {
        project: "nvidia-nccl-cu13",
        file: "nvidia_nccl_cu13-2.28.9-py3-none-manylinux_2_18_x86_64.whl",
        sha256: "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
        keep: &[("nvidia/nccl/lib/", "nvidia/nccl/lib/")],
    },
    Wheel {
        project: "nvidia-nvjitlink",
        file: "nvidia_nvjitlink-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
        sha256: "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
        keep: CU13,
    },
    Wheel {
        project: "nvidia-nvshmem-cu13",
        file: "nvidia_nvshmem_cu13-3.4.5-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        sha256: "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
        keep: &[("nvidia/nvshmem/lib/", "nvidia/nvshmem/lib/")],
    },
    Wheel {
        project: "nvidia-nvtx",
        file: "nvidia_nvtx-13.0.85-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.whl",
        sha256: "4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4",
        keep: CU13,
    },
];
