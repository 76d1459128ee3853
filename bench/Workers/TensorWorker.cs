using MoeActors.Compute.Data;
using MoeActors.Compute.Local;
using MoeActors.Compute.Specs;
using TorchSharp;

namespace MoeActors.Bench.Workers;

/// <summary>Prints the number of live tensors after each step of the plain engine: it has to stay the same.</summary>
internal static class TensorWorker
{
    public static void Run(string record, int steps)
    {
        RunSpec spec = RunRecord.Read(record);
        using Corpus corpus = Corpus.Open(spec.Data, Tokenizers.Open(spec.Data.Tokenizer), spec.Model.Context);
        var batches = new BatchReader(spec, corpus);
        using var trainer = new LocalTrainer(spec, batches.Batch);
        for (int i = 0; i < steps; i++)
        {
            trainer.Step();
            Console.WriteLine(torch.Tensor.TotalCount);
        }
    }
}
