using System.Diagnostics;
using System.Text.Json;
using MoeActors.Compute.Data;
using MoeActors.Compute.Local;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;

namespace MoeActors.Bench.Workers;

/// <summary>A measured step of the plain engine.</summary>
/// <param name="Ms">Wall time.</param>
/// <param name="CpuMs">Processor time of the process.</param>
/// <param name="Loss">Training loss, nats per token.</param>
internal sealed record LocalStep(double Ms, double CpuMs, double Loss);

/// <summary>The plain engine on the record of a cluster's run: the same text, layout, kernels and optimizer pass in one process, without actors or exchange.</summary>
internal static class StepWorker
{
    public static void Run(string record, int steps)
    {
        RunSpec spec = RunRecord.Read(record);
        MatmulPrecision.Set(spec.Training.Matmul);
        using Corpus corpus = Corpus.Open(spec.Data, Tokenizers.Open(spec.Data.Tokenizer), spec.Model.Context);
        var batches = new BatchReader(spec, corpus);
        using var trainer = new LocalTrainer(spec, batches.Batch);
        using Process self = Process.GetCurrentProcess();
        for (int i = 0; i < steps; i++)
        {
            self.Refresh();
            TimeSpan cpu = self.TotalProcessorTime;
            long begun = Stopwatch.GetTimestamp();
            StepResult result = trainer.Step();
            double ms = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
            self.Refresh();
            Console.WriteLine(JsonSerializer.Serialize(new LocalStep(ms, (self.TotalProcessorTime - cpu).TotalMilliseconds, result.Loss)));
        }
    }
}
