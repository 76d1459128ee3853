using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Routing.Losses;

/// <summary>The auxiliary losses there are, in the order in which they are added up (DT-1): new ones come last.</summary>
public static class LossCatalogue
{
    private static readonly List<IAuxiliaryLoss> Known =
    [
        new BalanceLoss(), new RouterZLoss(), .. BalanceForms.All, new ImportanceLoss(false), new ImportanceLoss(true), new LoadLoss(false), new LoadLoss(true), new MutualInformationLoss(), .. RouterShapeLoss.All,
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<IAuxiliaryLoss> All
    {
        get
        {
            lock (Known)
            {
                return [.. Known];
            }
        }
    }

    /// <summary>Adds a loss of one's own; every process of a cluster must do so, in the same order, before a run with it begins. Throws <see cref="ArgumentException"/> where the name is taken.</summary>
    public static void Register(IAuxiliaryLoss loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        lock (Known)
        {
            if (Known.Any(l => l.Name == loss.Name))
            {
                throw new ArgumentException($"a loss named {loss.Name} is there already", nameof(loss));
            }

            Known.Add(loss);
        }
    }

    /// <summary>
    /// What a model is trained with: those that its settings name, else those that go with its gate; and with coefficient 0 what is measured anyway. Throws <see cref="SpecException"/> where a loss is unknown, named twice, works against the
    /// gate or lacks something.
    /// </summary>
    public static IReadOnlyList<(IAuxiliaryLoss Loss, double Coefficient)> Of(MoeSpec moe)
    {
        ArgumentNullException.ThrowIfNull(moe);
        GateInfo gate = GateCatalogue.Of(moe).Info;
        IReadOnlyList<LossSpec> wanted = moe.Losses ?? Usual(moe, gate);
        IReadOnlyList<IAuxiliaryLoss> all = All;
        foreach (LossSpec loss in wanted)
        {
            Check(moe, gate, loss, all, wanted);
        }

        return
        [
            .. all.Select(l => (Loss: l, Asked: wanted.FirstOrDefault(w => w.Name == l.Name)))
                .Where(l => l.Asked is { Coefficient: not 0 } || (l.Asked is not null && moe.Losses is not null) || (l.Loss.AlwaysMeasured && gate.Trains.Length > 0))
                .Select(l => (l.Loss, l.Asked?.Coefficient ?? 0)),
        ];
    }

    /// <summary>The losses that go with a gate, at their usual coefficients.</summary>
    public static IReadOnlyList<LossSpec> Usual(MoeSpec moe, GateInfo gate)
    {
        ArgumentNullException.ThrowIfNull(gate);
        return [.. All.Where(l => gate.Losses.Contains(l.Name)).Select(l => new LossSpec(l.Name, l.UsualCoefficient(moe)))];
    }

    private static void Check(MoeSpec moe, GateInfo gate, LossSpec loss, IReadOnlyList<IAuxiliaryLoss> all, IReadOnlyList<LossSpec> wanted)
    {
        const string Key = "model.moe.losses";
        IAuxiliaryLoss known = all.FirstOrDefault(l => l.Name == loss.Name) ?? throw new SpecException($"{Key} = {loss.Name}: expected some of {string.Join(", ", all.Select(l => l.Name))}");
        SpecException.Require(wanted.Count(w => w.Name == loss.Name) == 1, Key, loss.Name, "each loss once");
        SpecException.Require(loss.Coefficient is >= 0 and <= 1e6, Key, $"{loss.Name} {loss.Coefficient}", "a coefficient between 0 and 1000000");
        if (gate.Trains.Length == 0)
        {
            throw new SpecException($"{Key} = {loss.Name}: expected none with model.moe.gate = {gate.Name}, which has no router to train");
        }

        if (gate.Refuses.TryGetValue(loss.Name, out string? why))
        {
            throw new SpecException($"{Key} = {loss.Name}: cannot go with model.moe.gate = {gate.Name}: {why}");
        }

        if (known.Lacks(moe) is { } lacking)
        {
            throw new SpecException($"{Key} = {loss.Name}: expected {lacking} beside it");
        }
    }
}
