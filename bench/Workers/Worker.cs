using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;

namespace MoeActors.Bench.Workers;

/// <summary>A child process of a benchmark: one role, one process.</summary>
internal static class Worker
{
    /// <summary>Runs the role that <paramref name="args"/> name; its results are lines on standard output.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        MemoryTuning.KeepFreedMemory();
        LibTorchCheck.Verify();
        switch (args)
        {
            case ["step", var record, var threads, var steps]:
                Prepare(int.Parse(threads));
                StepWorker.Run(record, int.Parse(steps));
                return 0;
            case ["tensors", var record, var steps]:
                Prepare(1);
                TensorWorker.Run(record, int.Parse(steps));
                return 0;
            case ["exchange", var node, var listen, var folder]:
                Prepare(1);
                await ExchangeWorker.RunAsync(int.Parse(node), listen, folder);
                return 0;
            case ["copies", var node, var folder]:
                Prepare(1);
                await CopiesWorker.RunAsync(int.Parse(node), folder);
                return 0;
            case ["layer", var node, var folder, var precision, var chunkRows, var warm, var steps]:
                Prepare(1);
                MatmulPrecision.Set(MatmulMode.Medium);
                await LayerWorker.RunAsync(int.Parse(node), folder, Enum.Parse<Precision>(precision), int.Parse(chunkRows), int.Parse(warm), int.Parse(steps));
                return 0;
            default:
                throw new BenchException($"no such worker: {string.Join(' ', args)}");
        }
    }

    // First torch call of the process.
    private static void Prepare(int threads) => ThreadSettings.Apply(threads);
}
