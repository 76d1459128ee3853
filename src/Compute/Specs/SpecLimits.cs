namespace MoeActors.Compute.Specs;

/// <summary>
/// How large a run may be asked for: far beyond what is trained anywhere, and far below where counting, planning or allocating would take the machine down before anybody is told.
/// </summary>
internal static class SpecLimits
{
    /// <summary>Token ids.</summary>
    public const int Vocabulary = 1 << 24;

    /// <summary>Tokens of a sequence.</summary>
    public const int Context = 1 << 24;

    /// <summary>Blocks.</summary>
    public const int Layers = 10_000;

    /// <summary>Model width.</summary>
    public const int Hidden = 1 << 20;

    /// <summary>Hidden width of a feed-forward network.</summary>
    public const int Width = 1 << 24;

    /// <summary>Experts of a layer.</summary>
    public const int Experts = 1 << 16;

    /// <summary>Threads of a rank.</summary>
    public const int Threads = 1024;

    /// <summary>Micro-batches of a rank.</summary>
    public const int MicroBatches = 1 << 16;

    /// <summary>Sequences of a step, and rows of a chunk.</summary>
    public const int Batch = 1 << 24;

    /// <summary>Tokens of a micro-batch of a rank.</summary>
    public const int RankTokens = 1 << 28;

    /// <summary>Experts of all layers together: each is planned, checkpointed and recovered by itself.</summary>
    private const long AllExperts = 1 << 18;

    /// <summary>Parameters.</summary>
    private const double Parameters = 1e14;

    /// <summary>Throws unless <paramref name="least"/> ≤ <paramref name="value"/> ≤ <paramref name="most"/>.</summary>
    public static void Within(int value, int least, int most, string key)
    {
        if (value < least || value > most)
        {
            throw new SpecException($"{key} = {value}: expected {(value < least ? $"at least {least}" : $"at most {most}")}");
        }
    }

    /// <summary>Throws where the parts of <paramref name="model"/>, each allowed by itself, are too much together. Its layers must have been checked.</summary>
    public static void Size(ModelSpec model)
    {
        long layers = model.MoeLayers().Count, experts = layers * model.Moe.Experts;
        SpecException.Require(experts <= AllExperts, "model.moe.experts", model.Moe.Experts, $"at most {AllExperts / layers} with {layers} layers of them: {AllExperts} in all");

        // In floating point, where nothing overflows; within a factor of two, which is all it takes.
        double hidden = model.Hidden, expert = 3 * hidden * model.Moe.ExpertHidden;
        double dense = (model.Layers * ((4 * hidden * hidden) + (3 * hidden * model.FeedForward))) + (2 * hidden * model.Vocabulary) + (hidden * model.Context);
        double all = dense + (expert * (experts + (layers * model.Moe.SharedExperts)));
        SpecException.Require(all <= Parameters, "model.hidden", model.Hidden, $"a model of at most {Parameters:0e0} parameters; this one would have about {all:0e0}");
    }
}
