using System.Globalization;

using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Capacity;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Routing.Losses;
using MoeActors.Compute.Specs;

namespace MoeActors.Host.Configuration;

/// <summary>Reads what names something of the catalogues: gate, capacity policy, auxiliary losses.</summary>
internal static class RoutingReader
{
    private const string LossesKey = "model.moe.losses", NoLosses = "none";

    /// <summary>The gate and what it is told.</summary>
    public static GateSpec Gate(SettingsReader r) => new()
    {
        Name = Known(r, "model.moe.gate", GateCatalogue.All.Select(g => g.Name)),
        Groups = r.Whole("model.moe.groups"),
        KeptGroups = r.Whole("model.moe.kept-groups"),
        WeightScale = r.Number("model.moe.weight-scale"),
        BiasRate = r.Number("model.moe.bias-rate"),
        NullExperts = r.Whole("model.moe.null-experts"),
        ZeroExperts = r.Whole("model.moe.zero-experts"),
        CopyExperts = r.Whole("model.moe.copy-experts"),
        ConstantExperts = r.Whole("model.moe.constant-experts"),
    };

    /// <summary>The capacity policy's name.</summary>
    public static string CapacityPolicy(SettingsReader r) => Known(r, "model.moe.capacity-policy", CapacityCatalogue.All.Select(p => p.Name));

    /// <summary>The losses a model is trained with, in numbers; null where they are those of a top-k gate, which its own keys say.</summary>
    public static IReadOnlyList<LossSpec>? Losses(SettingsReader r, MoeSpec moe)
    {
        IReadOnlyList<string> named = r.List(LossesKey);
        if (named.Count == 0)
        {
            GateInfo gate = GateCatalogue.Find(moe.Gate.Name)!;
            return ReferenceEquals(gate, TopKGate.Description) ? null : LossCatalogue.Usual(moe, gate);
        }

        return named is [NoLosses] ? [] : [.. named.Select(item => Loss(r, moe, item))];
    }

    /// <summary>Throws <see cref="SpecException"/> where the parts of a model's routing do not go together.</summary>
    public static void Require(ModelSpec model)
    {
        IGate gate = GateCatalogue.Of(model.Moe);
        _ = gate.Parameters(model, model.Moe.First).Count();
        CapacityCatalogue.Of(model.Moe);
        LossCatalogue.Of(model.Moe);
    }

    // "balance", or "balance 0.003".
    private static LossSpec Loss(SettingsReader r, MoeSpec moe, string item)
    {
        string[] parts = item.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        IAuxiliaryLoss? loss = LossCatalogue.All.FirstOrDefault(l => l.Name == parts[0]);
        if (loss is null)
        {
            string[] names = [.. LossCatalogue.All.Select(l => l.Name)];
            string hint = Suggestions.Nearest(parts[0], names) is { } near ? $"; did you mean {near}?" : "";
            throw r.Wrong(LossesKey, $"{NoLosses}, or some of {string.Join(", ", names)}{hint}");
        }

        if (parts.Length == 1)
        {
            // Named without a number: what its own key says, unless that is none at all.
            return new LossSpec(loss.Name, loss.UsualCoefficient(moe) is var usual && usual == 0 ? loss.PaperCoefficient : usual);
        }

        return parts.Length == 2 && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double coefficient) && coefficient is >= 0 and <= 1e6
            ? new LossSpec(loss.Name, coefficient)
            : throw r.Wrong(LossesKey, $"{loss.Name} and at most one number of 0 or more after it, such as {loss.Name} {loss.PaperCoefficient.ToString("R", CultureInfo.InvariantCulture)}");
    }

    private static string Known(SettingsReader r, string key, IEnumerable<string> names) => r.Choice(key, [.. names.Select(n => (n, n))]);
}
