using System.Globalization;

namespace MoeActors.Compute.Specs;

/// <summary>PURE: what decides the names and shapes of a model's parameters, and how they are computed with: weights of one model fit another where it is the same.</summary>
public static class ModelShape
{
    /// <summary>The first setting in which two models differ; null where the weights of one fit the other.</summary>
    public static (string Key, string Here, string There)? Difference(ModelSpec here, ModelSpec there)
    {
        ArgumentNullException.ThrowIfNull(here);
        ArgumentNullException.ThrowIfNull(there);
        foreach (((string key, object value), (_, object other)) in Keys(here).Zip(Keys(there)))
        {
            if (!Equals(value, other))
            {
                return (key, Text(value), Text(other));
            }
        }

        return null;
    }

    private static IEnumerable<(string Key, object Value)> Keys(ModelSpec m)
    {
        yield return ("model.style", m.Style);
        yield return ("model.vocabulary", m.Vocabulary);

        // Only learned positions have a parameter for each.
        yield return ("model.context", m.Style == BlockStyle.Gpt2 ? m.Context : 0);
        yield return ("model.layers", m.Layers);
        yield return ("model.hidden", m.Hidden);
        yield return ("model.heads", m.Heads);
        yield return ("model.kv-heads", m.KvHeads);
        yield return ("model.tied-embedding", m.TiedEmbedding);
        yield return ("model.moe.every", m.Moe.Every);
        yield return ("model.moe.first", m.Moe.First);
        yield return ("model.feed-forward", m.MoeLayers().Count < m.Layers ? m.FeedForward : 0);
        yield return ("model.moe.experts", m.Moe.Experts);
        yield return ("model.moe.expert-hidden", m.Moe.ExpertHidden);
        yield return ("model.moe.shared-experts", m.Moe.SharedExperts);
        yield return ("model.block.kind", m.Block.Kind);
        yield return ("model.block.shortcut", m.Block.Shortcut);
        yield return ("model.block.norm", m.Block.Norm);
        yield return ("model.block.combine", m.Block.Combine);
        yield return ("model.moe.noisy-gate", m.Moe.NoisyGate);
        yield return ("model.moe.gate", m.Moe.Gate.Name);
        yield return ("model.moe.null-experts", m.Moe.Gate.NullExperts);
        yield return ("model.moe.zero-experts", m.Moe.Gate.ZeroExperts);
        yield return ("model.moe.copy-experts", m.Moe.Gate.CopyExperts);
        yield return ("model.moe.constant-experts", m.Moe.Gate.ConstantExperts);
    }

    private static string Text(object value) => value switch
    {
        bool on => on ? "on" : "off",
        Enum word => word.ToString().ToLowerInvariant(),
        _ => string.Create(CultureInfo.InvariantCulture, $"{value}"),
    };
}
