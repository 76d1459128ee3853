using MoeActors.Compute.Parameters;

namespace MoeActors.Compute.Checkpoints.Sharding;

/// <summary>A part of the dense model that one rank writes as a whole.</summary>
/// <param name="Name">Such as <c>layers.3.attention</c> or <c>embed</c>; all parts of a module that was cut bear its name.</param>
/// <param name="Pieces">Its weights, in the order of the flat group.</param>
internal sealed record DenseModule(string Name, IReadOnlyList<WeightPiece> Pieces)
{
    /// <summary>Bytes of its weights.</summary>
    public long Bytes { get; } = Pieces.Sum(p => p.Bytes);
}

/// <summary>
/// The dense modules EN and AN spread: per block attention, feed-forward network, router and shared experts, each with the norm
/// before it; embedding, positions, final norm and head. Pure.
/// </summary>
internal static class DenseModules
{
    /// <summary>
    /// The modules in the order of the flat group. One larger than a rank's fair share of the dense part (a large vocabulary's
    /// embedding) is cut into the fewest near-equal parts below it: whole, it alone would make its rank the bottleneck.
    /// </summary>
    public static IReadOnlyList<DenseModule> Of(ParameterLayout dense, int ranks)
    {
        long fair = Math.Max(ParameterLayout.Alignment, dense.Entries.Sum(e => e.Count) / ranks);
        var modules = new List<DenseModule>();
        foreach (IGrouping<string, ParameterEntry> module in dense.Entries.GroupBy(Module))
        {
            ParameterEntry[] run = [.. module];
            int parts = (int)((run.Sum(e => e.Count) + fair - 1) / fair);
            for (int i = 0; i < parts; i++)
            {
                WeightPiece[] pieces = [.. ParameterRange.Part(run, i, parts)];
                if (pieces.Length > 0)
                {
                    modules.Add(new DenseModule(module.Key, pieces));
                }
            }
        }

        return modules;
    }

    // "layers.3.attn.q" → "layers.3.attention". The parameters of a module are neighbours in the flat group.
    private static string Module(ParameterEntry entry)
    {
        if (entry.Layer < 0)
        {
            return entry.Name.Split('.')[0];
        }

        string block = $"layers.{entry.Layer}.", part = entry.Name[block.Length..].Split('.')[0];
        return block + part switch
        {
            "attn_norm" or "attn" => "attention",
            "ffn_norm" or "ffn" or "gate" or "gate_noise" => "feed-forward",
            _ => part,
        };
    }
}
