using System.Diagnostics;
using MoeActors.Bench.Report;
using MoeActors.Compute.Models;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using static TorchSharp.torch;

namespace MoeActors.Bench.Cases;

/// <summary>The fused AdamW pass beside a copy of memory, in turn: bytes read and written per second.</summary>
internal sealed class OptimizerCase : IBenchCase
{
    private const long CopyBytes = 256L << 20;

    public string Name => CaseNames.Optimizer;

    public Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        MemoryTuning.KeepFreedMemory();
        ThreadSettings.Apply(1);
        int runs = context.Runs ?? 20;
        var rows = new List<BenchRow>();
        foreach (Precision precision in Enum.GetValues<Precision>())
        {
            rows.AddRange(Measure(precision, runs, cancel));
        }

        return Task.FromResult<IReadOnlyList<BenchRow>>(rows);
    }

    private static IEnumerable<BenchRow> Measure(Precision precision, int runs, CancellationToken cancel)
    {
        var model = new ModelSpec
        {
            Name = "optimizer",
            Context = 64,
            Layers = 1,
            Hidden = 512,
            Heads = 8,
            KvHeads = 8,
            FeedForward = 2048,
            Moe = new MoeSpec { Experts = 8, TopK = 2, ExpertHidden = 2048 },
        };
        ParameterLayout layout = ParameterLayout.Experts(model, 0, 0, 8);
        using Tensor weights = zeros(layout.Total, precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32);
        using Tensor gradient = zeros(layout.Total).Fill(1e-3f);
        using var shard = new OptimizerShard(layout, 0, layout.Total, weights, precision);
        using Tensor from = ones(CopyBytes, ScalarType.Byte), to = zeros(CopyBytes, ScalarType.Byte);

        // Read: master, m, v, gradient. Written: master, m, v, and the weights where they are not the master.
        double bytes = layout.Total * (precision == Precision.BFloat16 ? 30.0 : 28.0);
        var update = new List<double>();
        var copy = new List<double>();
        for (int i = -3; i < runs; i++)
        {
            cancel.ThrowIfCancellationRequested();
            long begun = Stopwatch.GetTimestamp();
            shard.Update(gradient, new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 1, i + 4));
            double updated = Stopwatch.GetElapsedTime(begun).TotalSeconds;
            begun = Stopwatch.GetTimestamp();
            Copy(from, to);
            double copied = Stopwatch.GetElapsedTime(begun).TotalSeconds;
            if (i >= 0)
            {
                update.Add(bytes / updated / 1e9);
                copy.Add(2.0 * CopyBytes / copied / 1e9);
            }
        }

        string name = precision == Precision.BFloat16 ? "optimizer bf16" : "optimizer fp32";
        yield return BenchRow.Of(name, "memory traffic", "GB/s", update, Statistics.Median(copy), "baseline: memcpy, read + written");
        yield return BenchRow.Of(name, "time of 100 M parameters", "ms", [.. update.Select(g => bytes / g / 1e6 * 1e8 / layout.Total)]);
    }

    private static unsafe void Copy(Tensor from, Tensor to) =>
        Buffer.MemoryCopy(TensorMemory.BytePointer(from), TensorMemory.BytePointer(to), CopyBytes, CopyBytes);
}
