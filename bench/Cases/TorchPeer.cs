using System.Runtime.Intrinsics.X86;
using System.Text.Json;
using MoeActors.Bench.Processes;

namespace MoeActors.Bench.Cases;

/// <summary>
/// The same MoE layer in PyTorch over gloo: the script moe_step.py in the folder that MOE_PEERS names, run with MOE_PEERS_PYTHON (default python3), which needs torch.
/// </summary>
internal sealed class TorchPeer(string folder, string python)
{
    /// <summary>The peer, or null with the reason.</summary>
    public static (TorchPeer? Peer, string Reason) Find()
    {
        if (Environment.GetEnvironmentVariable("MOE_PEERS") is not { Length: > 0 } folder)
        {
            return (null, "no peer: MOE_PEERS does not name the folder of moe_step.py");
        }

        string python = Environment.GetEnvironmentVariable("MOE_PEERS_PYTHON") is { Length: > 0 } p ? p : "python3";
        return File.Exists(Path.Combine(folder, "moe_step.py")) ? (new TorchPeer(folder, python), "") : (null, $"no peer: {folder} holds no moe_step.py");
    }

    /// <summary>Median step time in ms of a variant ("dropless", "dropless_bf16") over <paramref name="steps"/> steps.</summary>
    public async Task<double> StepMsAsync(string variant, int steps, CancellationToken cancel)
    {
        // OpenBLAS picks slow kernels where a setting of other machines is inherited: the fastest that this processor can run.
        var environment = new Dictionary<string, string>
        {
            ["OPENBLAS_CORETYPE"] = Environment.GetEnvironmentVariable("PEERS_CORETYPE") ?? (Avx512F.IsSupported ? "SkylakeX" : "Zen"),
        };
        using Child child = Child.Start(python, ["-W", "ignore", Path.Combine(folder, "moe_step.py"), "--variants", variant, "--steps", $"{steps}"], environment);
        IReadOnlyList<string> lines = await child.LinesAsync(cancel);
        string line = lines.LastOrDefault(l => l.StartsWith('{')) ?? throw new BenchException($"{folder}/moe_step.py printed no result: {child.LastWords}");
        using JsonDocument result = JsonDocument.Parse(line);
        return result.RootElement.GetProperty("ms_median").GetProperty("step").GetDouble();
    }
}
