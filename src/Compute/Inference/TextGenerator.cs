using MoeActors.Compute.Local;
using MoeActors.Compute.Models;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Inference;

/// <summary>How the next token is drawn.</summary>
public sealed record SamplingSpec
{
    /// <summary>Divides the logits; 0 takes the most probable token.</summary>
    public double Temperature { get; init; } = 0.8;

    /// <summary>Only the k most probable tokens are drawn from; 0 = all.</summary>
    public int TopK { get; init; }

    /// <summary>Seed of the draws: the same seed, weights and prompt give the same text.</summary>
    public long Seed { get; init; } = 1;
}

/// <summary>Generates tokens from a model's full weights in one process. On one thread.</summary>
public sealed class TextGenerator : IDisposable
{
    private readonly RunSpec spec;
    private readonly DenseModel model;
    private readonly LocalExperts experts;

    /// <summary>Builds a generator over borrowed weights.</summary>
    /// <param name="spec">The run the weights come from.</param>
    /// <param name="weights">Laid out by the run's layout.</param>
    public TextGenerator(RunSpec spec, ModelWeights weights)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(weights);
        RequireCausal(spec.Model.Moe);

        // Replicas hold the same weights: one EP group is enough.
        this.spec = spec with { Layout = spec.Layout with { Ranks = spec.Layout.ExpertParallel } };
        model = new DenseModel(spec.Model, weights.Units.LayoutOf(UnitId.Dense(0)), weights.Dense);
        experts = new LocalExperts(spec.Model, this.spec.Layout, weights);
    }

    /// <summary>
    /// Yields up to <paramref name="count"/> tokens that follow <paramref name="prompt"/> (at least one token), each computed when it is asked
    /// for, from the last model.context tokens before it.
    /// </summary>
    /// <param name="prompt">What the text goes on from.</param>
    /// <param name="count">Most tokens.</param>
    /// <param name="sampling">How each is drawn.</param>
    /// <param name="drawable">Which ids may be drawn; null: all. A model may have ids that its tokenizer has no text for.</param>
    public IEnumerable<int> Generate(IReadOnlyList<int> prompt, int count, SamplingSpec sampling, Func<int, bool>? drawable = null)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(sampling);
        if (prompt.Count == 0)
        {
            throw new ArgumentException("the prompt is empty: expected at least one token", nameof(prompt));
        }

        return Continue([.. prompt], count, sampling, drawable);
    }

    /// <summary>Sets the calling thread and the process up for generating with a run's model: threads of libtorch, precision of products.</summary>
    public static void Prepare(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);

        // Small products lose more to the threads than they gain.
        ThreadSettings.Apply(spec.Model.Hidden < 512 ? 1 : Environment.ProcessorCount);
        MatmulPrecision.Set(spec.Training.Matmul);
    }

    /// <summary>Throws <see cref="SpecException"/> where the gate lets a token's experts depend on tokens after it: what is generated one by one would not be what was trained.</summary>
    public static void RequireCausal(MoeSpec moe)
    {
        if (!GateCatalogue.Of(moe).Info.Causal)
        {
            throw new SpecException($"model.moe.gate = {moe.Gate.Name}: expected a causal gate, such as top-k, for a model that generates text: with this one a token's experts depend on tokens that come after it");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        experts.Dispose();
        model.Dispose();
    }

    private IEnumerable<int> Continue(List<int> text, int count, SamplingSpec sampling, Func<int, bool>? drawable)
    {
        for (int i = 0; i < count; i++)
        {
            int next = TokenSampler.Draw(Logits(text), sampling, i, drawable);
            text.Add(next);
            yield return next;
        }
    }

    private float[] Logits(List<int> text)
    {
        int time = Math.Min(text.Count, spec.Model.Context);
        long[] window = [.. text.TakeLast(time).Select(t => (long)t), 0]; // the last is a target, which nobody reads
        using Tensor tokens = tensor(window).unsqueeze_(0);
        using var pass = new ForwardPass(spec, model, PassContext.ForInference(0), tokens);
        experts.Run(pass, 0);
        using Tensor logits = pass.LastLogits();
        using Tensor local = logits.cpu();
        return local.data<float>().ToArray();
    }
}
