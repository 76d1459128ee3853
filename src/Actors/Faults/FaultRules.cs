using System.Globalization;

using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults;

/// <summary>PURE: whether a fault may be injected (AD-1): the kind with its complete parameters, or the reason why not.</summary>
public static class FaultRules
{
    /// <summary>Checks a request against kinds, cluster and limits.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="cluster">The cluster now.</param>
    /// <param name="limits">Limits.</param>
    /// <param name="active">Faults under way.</param>
    /// <param name="scheduled">Faults that wait.</param>
    public static (FaultKind? Kind, IReadOnlyList<string> Parameters, string Reason) Check(
        InjectFault request, Topology cluster, FaultLimits limits, int active, int scheduled)
    {
        if (!limits.Enabled)
        {
            return No("fault injection is off on this cluster: start its nodes with faults.enabled = on");
        }

        if (FaultKinds.Find(request.Kind) is not { } kind)
        {
            return No($"unknown kind '{request.Kind}'; `moe fault list` shows what there is");
        }

        if (Parameters(kind, request.Parameters, out IReadOnlyList<string> parameters) is { } wrong)
        {
            return No(wrong);
        }

        if (Duration(kind, request.ForMs, limits.MaxDuration) is { } length)
        {
            return No(length);
        }

        if (kind.NeedsRun && !cluster.Running)
        {
            return No($"{kind.Name} needs a run, and none is under way");
        }

        if (request.AfterStep >= 0 && !cluster.Running)
        {
            return No("a step is waited for, and no run is under way");
        }

        (ResolvedTarget? target, string reason) = FaultTarget.Resolve(kind, request.Target, cluster);
        if (target is null)
        {
            return No(reason);
        }

        if (FaultObservers.Choose(kind, target, cluster) is null)
        {
            return No($"no node but the target is there to see whether it took: {kind.Name} needs at least {cluster.Nodes.Count + 1} nodes here");
        }

        // What was to wait anyway waits for a place too.
        bool waits = request.AfterStep >= 0 || request.AfterMs > 0;
        return !waits && active >= limits.MaxActive
            ? No($"{active} faults are under way, faults.max-active = {limits.MaxActive}: wait for one to end, or cancel it")
            : waits && scheduled >= limits.MaxScheduled
                ? No($"{scheduled} faults are scheduled, at most {limits.MaxScheduled} may be")
                : (kind, parameters, "");
    }

    /// <summary>What is wrong with parameters and duration of a kind, wherever it will happen; null when nothing is.</summary>
    public static string? Shape(FaultKind kind, IReadOnlyList<string> parameters, long forMs, TimeSpan longest) =>
        Parameters(kind, parameters, out _) ?? Duration(kind, forMs, longest);

    private static (FaultKind?, IReadOnlyList<string>, string) No(string reason) => (null, [], reason);

    private static string? Duration(FaultKind kind, long forMs, TimeSpan longest) => kind.Lasting switch
    {
        true when forMs <= 0 => $"{kind.Name} lasts for a time: say for how long (--for), at most {longest.TotalSeconds:0.###} s (faults.max-duration)",
        true when forMs > longest.TotalMilliseconds => $"{forMs / 1000.0:0.###} s are longer than faults.max-duration = {longest.TotalSeconds:0.###} s",
        false when forMs != 0 => $"{kind.Name} is done in a moment: it takes no duration",
        _ => null,
    };

    /// <summary>All parameters of the kind, given or default; returns what is wrong with them.</summary>
    private static string? Parameters(FaultKind kind, IReadOnlyList<string> given, out IReadOnlyList<string> complete)
    {
        var values = kind.Parameters.ToDictionary(p => p.Name, p => p.Default);
        complete = [];
        foreach (string pair in given)
        {
            string[] parts = pair.Split('=', 2);
            FaultParameter? known = kind.Parameters.FirstOrDefault(p => p.Name == parts[0]);
            if (parts.Length != 2 || known is null)
            {
                return $"'{pair}': {kind.Name} takes {(kind.Parameters.Count == 0 ? "no parameters" : string.Join(", ", kind.Parameters.Select(p => $"{p.Name}=…")))}";
            }

            if (known.Most > 0 && (!double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double number) || !(number >= known.Least && number <= known.Most)))
            {
                return $"{pair}: expected a number from {known.Least} to {known.Most} ({known.Meaning})";
            }

            if (known.Name == "phase" && (!parts[1].All(char.IsAsciiLetter) || !Enum.TryParse(parts[1], ignoreCase: true, out Phase phase) || phase == Phase.Idle))
            {
                return $"{pair}: expected {known.Meaning}";
            }

            values[known.Name] = parts[1];
        }

        complete = [.. values.Select(v => $"{v.Key}={v.Value}")];
        return null;
    }
}
