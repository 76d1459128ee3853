using System.Diagnostics;
using MoeActors.Bench.Report;
using MoeActors.Compute.Tensors;
using static TorchSharp.torch;

namespace MoeActors.Bench.Cases;

/// <summary>
/// Two ways to copy master, m and v for a checkpoint: apart from training, by a thread beside the computing ones, or in the optimizer's own pass, while its blocks are in the processor's cache (copy on update).
/// The first takes time from what is computed beside it, the second is all stall: milliseconds of training lost by either.
/// </summary>
internal sealed class SnapshotCopyCase : IBenchCase
{
    /// <summary>Elements of a block: with gradient and copy it stays in a core's cache.</summary>
    private const int Block = 8 << 10;

    private const int Side = 1024, Products = 24;

    public string Name => CaseNames.SnapshotCopy;

    public Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        MemoryTuning.KeepFreedMemory();
        ThreadSettings.Apply(1);
        using var state = new OptimizerBlocks(Block);
        var plain = new List<double>();
        var fused = new List<double>();
        var apart = new List<double>();
        var alone = new List<double>();
        var beside = new List<double>();
        int runs = context.Runs ?? 20;
        for (int i = -2; i < runs; i++)
        {
            cancel.ThrowIfCancellationRequested();
            double[] took = [Time(() => state.Update(copies: false)), Time(() => state.Update(copies: true)), Time(state.Copy), Compute(null), Compute(state)];
            if (i >= 0)
            {
                foreach ((List<double> all, double one) in new[] { plain, fused, apart, alone, beside }.Zip(took))
                {
                    all.Add(one);
                }
            }
        }

        double Median(List<double> all) => Statistics.Median(all);
        string size = $"{state.Count / 1e6:0.0} M parameters, one thread; {state.Bytes / 1e6:0} MB copied";
        return Task.FromResult<IReadOnlyList<BenchRow>>(
        [
            BenchRow.Of(Name, "AdamW pass", "ms", plain, note: size),
            BenchRow.Of(Name, "AdamW pass that copies too", "ms", fused, Median(plain), "baseline: the pass alone"),
            BenchRow.Of(Name, "stall: copy in the pass", "ms", [.. fused.Zip(plain, (with, without) => with - without)]),
            BenchRow.Of(Name, "copy apart, nothing beside it", "ms", apart),
            BenchRow.Of(Name, "products on all cores", "ms", alone, note: $"{Products} of [{Side}, {Side}] a core, fp32"),
            BenchRow.Of(Name, "products beside the copy", "ms", beside, Median(alone), "baseline: without it"),
            BenchRow.Of(Name, "taken from training: copy apart", "ms", [.. beside.Zip(alone, (with, without) => with - without)]),
        ]);
    }

    private static double Time(Action work)
    {
        long begun = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
    }

    // Wall time until every core has done its products, a copy beside them or not.
    private static double Compute(OptimizerBlocks? copied) => Time(() =>
    {
        Thread[] lanes = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Multiply) { IsBackground = true })];
        Thread? copy = copied is null ? null : new Thread(copied.Copy) { IsBackground = true };
        Array.ForEach(lanes, l => l.Start());
        copy?.Start();
        Array.ForEach(lanes, l => l.Join());
        copy?.Join();
    });

    private static void Multiply()
    {
        ThreadSettings.Apply(1);
        using Tensor a = ones(Side, Side), b = ones(Side, Side);
        for (int i = 0; i < Products; i++)
        {
            using Tensor product = mm(a, b);
        }
    }
}
