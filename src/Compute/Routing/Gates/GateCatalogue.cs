using System.Collections.Concurrent;

using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Routing.Gates;

/// <summary>The gates there are. Thread-safe.</summary>
public static class GateCatalogue
{
    private static readonly (GateInfo Info, Func<MoeSpec, IGate> Make)[] Own =
    [
        (TopKGate.Description, m => new TopKGate(m)),
        (GShardGate.Description, m => new GShardGate(m)),
        (GroupLimitedGate.Description, m => new GroupLimitedGate(m)),
        (BiasedGroupGate.Description, m => new BiasedGroupGate(m)),
        (ExpertChoiceGate.Description, m => new ExpertChoiceGate(m)),
        (HashGate.Description, m => new HashGate(m)),
        (NullExpertGate.Description, m => new NullExpertGate(m)),
        (ZeroComputationGate.Description, m => new ZeroComputationGate(m)),
        (ThresholdGate.Description, m => new ThresholdGate(m)),
    ];

    private static readonly ConcurrentDictionary<string, (GateInfo Info, Func<MoeSpec, IGate> Make)> Others = new(StringComparer.Ordinal);

    /// <summary>All of them: the runtime's own, then those registered, by name.</summary>
    public static IReadOnlyList<GateInfo> All => [.. Own.Select(g => g.Info), .. Others.Values.Select(g => g.Info).OrderBy(g => g.Name, StringComparer.Ordinal)];

    /// <summary>Adds a gate of one's own; every process of a cluster must do so before a run with it begins. Throws <see cref="ArgumentException"/> where the name is taken.</summary>
    public static void Register(GateInfo info, Func<MoeSpec, IGate> make)
    {
        ArgumentNullException.ThrowIfNull(info);
        ArgumentNullException.ThrowIfNull(make);
        if (Own.Any(g => g.Info.Name == info.Name) || !Others.TryAdd(info.Name, (info, make)))
        {
            throw new ArgumentException($"a gate named {info.Name} is there already", nameof(info));
        }
    }

    /// <summary>What the gate of that name is; null where there is none.</summary>
    public static GateInfo? Find(string name) => Entry(name)?.Info;

    /// <summary>The gate of a model's MoE layers. Throws <see cref="SpecException"/> where settings name none, or one that cannot be as they say.</summary>
    public static IGate Of(MoeSpec moe)
    {
        ArgumentNullException.ThrowIfNull(moe);
        (GateInfo info, Func<MoeSpec, IGate> make) = Entry(moe.Gate.Name)
            ?? throw new SpecException($"model.moe.gate = {moe.Gate.Name}: expected one of {string.Join(", ", All.Select(g => g.Name))}");
        GateOptions.Require(moe, info);
        return make(moe);
    }

    private static (GateInfo Info, Func<MoeSpec, IGate> Make)? Entry(string name)
    {
        foreach ((GateInfo Info, Func<MoeSpec, IGate> Make) gate in Own)
        {
            if (gate.Info.Name == name)
            {
                return gate;
            }
        }

        return Others.TryGetValue(name, out (GateInfo Info, Func<MoeSpec, IGate> Make) other) ? other : null;
    }
}
