namespace MoeActors.Host.Tests.Compatibility;

/// <summary>
/// What decides, beside the program, which bits a run computes (DT-1): MKL chooses its kernels by vendor, family and model, libtorch and the vector code by the instruction
/// sets that the machine offers. Not the model's name and clock, nor the number of cores: a run says how many threads it computes with.
/// </summary>
internal static class ProcessorKind
{
    /// <summary>Instruction sets for which libtorch, MKL and oneDNN have kernels of their own, by the names of /proc/cpuinfo.</summary>
    private static readonly string[] Dispatched =
    [
        "avx2", "fma", "avx_vnni", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16", "amx_fp16",
    ];

    /// <summary>The kind of this machine's processor.</summary>
    public static string Here() => Of(File.ReadAllText("/proc/cpuinfo"));

    /// <summary>The kind that the first processor in the text of /proc/cpuinfo is of.</summary>
    public static string Of(string cpuinfo)
    {
        string Value(string key) => cpuinfo.Split('\n').Select(l => l.Split(':', 2)).FirstOrDefault(p => p.Length == 2 && p[0].TrimEnd() == key)?[1].Trim() ?? "";
        string[] offered = Value("flags").Split(' ');
        return string.Join(' ', [Value("vendor_id"), $"{Value("cpu family")}/{Value("model")}", .. Dispatched.Where(offered.Contains)]);
    }
}
