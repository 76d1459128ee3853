using System.Text.Json;
using MoeActors.Bench.Processes;
using MoeActors.Bench.Report;
using MoeActors.Bench.Workers;
using MoeActors.Compute.Specs;

namespace MoeActors.Bench.Cases;

/// <summary>
/// The bare MoE layer, forward and backward, in two processes of one computing thread each over the real exchange, in turn with the torch peer where that is at
/// hand: d 512, ffn 2048, 8 experts top-2, 4096 tokens a rank.
/// </summary>
internal sealed class MoeLayerCase : IBenchCase
{
    private const int Warm = 3, Steps = 10, ChunkRows = 2048;

    public string Name => CaseNames.MoeLayer;

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        (TorchPeer? peer, string reason) = TorchPeer.Find();
        var rows = new List<BenchRow>();
        foreach ((Precision precision, string name, string variant) in ((Precision, string, string)[])[(Precision.Float32, "fp32", "dropless"), (Precision.BFloat16, "bf16", "dropless_bf16")])
        {
            if (precision == Precision.BFloat16 && BFloat16Units.Missing(context, Name))
            {
                continue;
            }

            var all = new List<LayerStep>();
            var medians = new List<double>();
            var peers = new List<double>();
            for (int round = 0; round < (context.Runs ?? 3); round++)
            {
                IReadOnlyList<LayerStep> steps = await OursAsync(context, precision, cancel);
                all.AddRange(steps);
                medians.Add(Statistics.Median(steps.Select(s => s.Ms)));
                if (peer is not null)
                {
                    peers.Add(await peer.StepMsAsync(variant, Steps, cancel));
                }

                context.Say($"moe-layer {name} round {round + 1}: {medians[^1]:0} ms{(peers.Count > 0 ? $", torch {peers[^1]:0} ms" : "")}");
            }

            rows.Add(BenchRow.Of(
                $"moe-layer {name}", "step, slower rank", "ms", medians, peers.Count > 0 ? Statistics.Median(peers) : null, peer is null ? reason : $"baseline: torch {variant}, [{peers.Min():0} … {peers.Max():0}]"));
            rows.Add(BenchRow.Of($"moe-layer {name}", "forward", "ms", [.. all.Select(s => s.ForwardMs)]));
            rows.Add(BenchRow.Of($"moe-layer {name}", "processor time of a rank", "ms", [.. all.Select(s => s.CpuMs)]));
            rows.Add(BenchRow.Of($"moe-layer {name}", "nothing to compute", "ms", [.. all.Select(s => s.WaitMs)]));
        }

        return rows;
    }

    /// <summary>The steps' times, of each the slower rank's.</summary>
    private static async Task<IReadOnlyList<LayerStep>> OursAsync(BenchContext context, Precision precision, CancellationToken cancel)
    {
        string folder = context.NewFolder();
        string[] shape = [folder, precision.ToString(), $"{ChunkRows}", $"{Warm}", $"{Steps}"];
        using Child first = Child.StartWorker(["layer", "0", .. shape]), second = Child.StartWorker(["layer", "1", .. shape]);
        IReadOnlyList<string>[] lines = await Task.WhenAll(first.LinesAsync(cancel), second.LinesAsync(cancel));
        return [.. lines[0].Zip(lines[1], (a, b) => Slower(JsonSerializer.Deserialize<LayerStep>(a)!, JsonSerializer.Deserialize<LayerStep>(b)!))];
    }

    private static LayerStep Slower(LayerStep a, LayerStep b) => a.Ms > b.Ms ? a : b;
}
