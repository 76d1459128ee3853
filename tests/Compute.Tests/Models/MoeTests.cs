using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Inference;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tests.Tensors;
using MoeActors.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Models;

/// <summary>The library in its own words: train, save, load, generate.</summary>
[Collection(TensorProcessCollection.Name)]
public sealed class MoeTests : IDisposable
{
    private static readonly string Text = string.Concat(Enumerable.Repeat("the expert who reads this line knows the next one. ", 40));
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(Precision.Float32, 1)]
    [InlineData(Precision.BFloat16, 2)]
    public void A_model_that_is_saved_and_loaded_is_the_same_to_the_bit_and_says_the_same(Precision precision, int ranks)
    {
        RunSpec spec = Spec(12, precision, ranks);
        var seen = new List<StepResult>();
        using MoeModel trained = Train(spec, Text, seen.Add);
        Assert.Equal(Enumerable.Range(0, 12).Select(i => (long)i), seen.Select(s => s.Step));
        Assert.True(seen[^1].Loss < seen[0].Loss);
        string place = folder.File("model");
        trained.Save(place);
        using MoeModel loaded = Moe.Load(place);
        Assert.Equal(12, loaded.Steps);
        Assert.True(trained.Weights.Dense.bytes.SequenceEqual(loaded.Weights.Dense.bytes));
        var how = new SamplingSpec { Seed = 7 };
        Assert.Equal(trained.Generate("the", 20, how), loaded.Generate("the", 20, how));
        Assert.Equal(trained.Generate("the", 20, how), string.Concat(loaded.Stream("the", 20, how)));

        // Moments and counts as well: what is saved again has the same state.
        string again = folder.File("again");
        loaded.Save(again);
        Assert.Equal(StateOf(place), StateOf(again));
    }

    [Fact]
    public void A_text_in_memory_trains_what_a_file_with_it_trains()
    {
        RunSpec spec = Spec(4);
        File.WriteAllText(folder.File("text.txt"), Text);
        using MoeModel memory = Train(spec, Text);
        using MoeModel file = Moe.Train(spec with { Data = spec.Data with { Paths = [folder.File("text.txt")] } }, null, TestContext.Current.CancellationToken);
        Assert.Equal(memory.Spec.Data.CorpusHash, file.Spec.Data.CorpusHash);
        Assert.True(memory.Weights.Dense.bytes.SequenceEqual(file.Weights.Dense.bytes));
    }

    [Fact]
    public void A_tokenizer_of_its_own_goes_with_the_model_wherever_that_is_moved()
    {
        BpeTrainer.Train([folder.Write("bpe.txt", Text)], 270, null, TestContext.Current.CancellationToken).Save(folder.File("bpe"));
        RunSpec spec = Spec(2);
        spec = spec with { Model = spec.Model with { Vocabulary = 270 }, Data = spec.Data with { Tokenizer = folder.File("bpe") } };
        using (MoeModel model = Train(spec, Text))
        {
            model.Save(folder.File("model"));
        }

        Directory.Delete(folder.File("bpe"), recursive: true);
        Directory.Move(folder.File("model"), folder.File("moved"));
        using MoeModel moved = Moe.Load(folder.File("moved"));
        Assert.Equal("bpe-270", moved.Tokenizer.Name);
        Assert.NotEmpty(moved.Generate("the", 5));
    }

    [Fact]
    public void What_cannot_be_is_said_in_a_sentence_and_nothing_is_lost()
    {
        RunSpec spec = Spec(2);
        Assert.Contains("training part", Assert.Throws<CorpusException>(() => Train(spec, "too short")).Message, StringComparison.Ordinal);
        Assert.Contains("global-batch", Assert.Throws<SpecException>(() => Train(spec with { Training = spec.Training with { GlobalBatch = 0 } }, Text)).Message, StringComparison.Ordinal);
        Assert.Contains("run.json", Assert.Throws<CheckpointException>(() => Moe.Load(folder.File("nowhere"))).Message, StringComparison.Ordinal);
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => Moe.Train(spec, Text, _ => stop.Cancel(), stop.Token));

        using MoeModel model = Train(spec, Text);
        model.Save(folder.File("model"));
        Assert.Contains("holds something already", Assert.Throws<CheckpointException>(() => model.Save(folder.File("model"))).Message, StringComparison.Ordinal);
        string shard = Directory.EnumerateFiles(folder.File("model"), "*.safetensors", SearchOption.AllDirectories).First();
        byte[] bytes = File.ReadAllBytes(shard);
        for (long i = 8 + BitConverter.ToInt64(bytes); i < bytes.Length; i += 61)
        {
            bytes[i] ^= 1;
        }

        File.WriteAllBytes(shard, bytes);
        Assert.Throws<CheckpointException>(() => Moe.Load(folder.File("model")));
    }

    [Fact]
    public void Nothing_stays_in_memory_when_models_are_disposed()
    {
        Whole(Spec(1));
        long before = Tensor.TotalCount;
        Whole(Spec(2));
        Assert.Equal(before, Tensor.TotalCount);

        void Whole(RunSpec spec)
        {
            string place = folder.File(spec.RunId);
            using (MoeModel model = Train(spec, Text))
            {
                model.Save(place);
            }

            using MoeModel loaded = Moe.Load(place);
            loaded.Generate("the", 2);
        }
    }

    private static MoeModel Train(RunSpec spec, string text, Action<StepResult>? progress = null) => Moe.Train(spec, text, progress, TestContext.Current.CancellationToken);

    private static RunSpec Spec(int steps, Precision precision = Precision.Float32, int ranks = 1)
    {
        RunSpec tiny = TinyRun.Spec();
        var training = new TrainingSpec { Steps = steps, GlobalBatch = 4, WarmupSteps = 2, LearningRate = 3e-3, Precision = precision };
        RunSpec local = RunSpec.Local(tiny.Model with { Vocabulary = 256 }, training);
        return local with { Layout = local.Layout with { Ranks = ranks, ExpertParallel = ranks } };
    }

    private static string StateOf(string place)
    {
        var store = new CheckpointStore(CheckpointPaths.InRun(place));
        using var reader = new CheckpointReader(store.Storage, store.Newest()!);
        return StateHash.State(reader);
    }
}
