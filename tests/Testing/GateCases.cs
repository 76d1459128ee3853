using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Specs;

namespace MoeActors.Testing;

/// <summary>A small layer with each gate of the catalogue, for tests that hold for all of them: experts in two groups at most, any even number of them from 4.</summary>
internal static class GateCases
{
    private static readonly Dictionary<string, Func<MoeSpec, MoeSpec>> Special = new()
    {
        ["deepseek-v2"] = m => m with { Gate = m.Gate with { Groups = 2, KeptGroups = 1, WeightScale = 1.5 } },
        ["deepseek-v3"] = m => m with { Gate = m.Gate with { Groups = 2, KeptGroups = 1, WeightScale = 2.5, BiasRate = 0.05 } },
        ["null-experts"] = m => m with { TopK = 3, Gate = m.Gate with { NullExperts = 2 } },
        ["zero-computation"] = m => m with { TopK = 3, Gate = m.Gate with { ZeroExperts = 1, CopyExperts = 1, ConstantExperts = 2 } },
    };

    /// <summary>The names of all gates.</summary>
    public static IReadOnlyList<string> Names => [.. GateCatalogue.All.Select(g => g.Name)];

    /// <summary><paramref name="moe"/> with the gate of that name, and what it takes beside it.</summary>
    public static MoeSpec With(MoeSpec moe, string gate)
    {
        MoeSpec named = moe with { Gate = new GateSpec { Name = gate } };
        return Special.TryGetValue(gate, out Func<MoeSpec, MoeSpec>? more) ? more(named) : named;
    }
}
