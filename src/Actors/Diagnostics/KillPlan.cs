using System.Globalization;
using System.Runtime.InteropServices;

using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Diagnostics;

/// <summary>One planned death: this process kills itself with SIGKILL when it enters <paramref name="Phase"/> for the n-th time in a step.</summary>
/// <param name="Node">Node name.</param>
/// <param name="Incarnation">How often the node was started before: 0 = its first process.</param>
/// <param name="Step">Step, or -1 for any.</param>
/// <param name="Phase">Phase whose beginning kills.</param>
/// <param name="Occurrence">1 = the first time the phase begins in that step.</param>
public sealed record KillPoint(string Node, int Incarnation, long Step, Phase Phase, int Occurrence)
{
    /// <summary>Parses "node-1:7:update", "node-1:7:update:2" (second time) or "node-1/1:*:recovery" (second process, any step).</summary>
    public static KillPoint Parse(string text)
    {
        string[] parts = text.Split(':');
        string[] node = parts[0].Split('/');
        int incarnation = 0, occurrence = 1;
        long step = -1;
        bool understood = parts.Length is 3 or 4
            && node.Length <= 2 && node[0].Length > 0
            && (node.Length == 1 || int.TryParse(node[1], NumberStyles.None, CultureInfo.InvariantCulture, out incarnation))
            && (parts[1] == "*" || long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out step))
            && (parts.Length == 3 || (int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out occurrence) && occurrence >= 1));
        Phase phase = Phase.Idle;
        understood = understood && parts[2].All(char.IsAsciiLetter) && Enum.TryParse(parts[2], ignoreCase: true, out phase) && phase != Phase.Idle;
        return understood
            ? new KillPoint(node[0], incarnation, step, phase, occurrence)
            : throw new SpecException($"faults.kill-points: '{text}': expected NODE[/START]:STEP:PHASE[:OCCURRENCE] with a phase of {string.Join(", ", Enum.GetNames<Phase>().Skip(1)).ToLowerInvariant()}");
    }
}

/// <summary>
/// The deaths planned for this process (AD-1: only when fault injection is enabled). Real SIGKILLs at chosen moments: no handler runs,
/// nothing is flushed.
/// </summary>
internal sealed partial class KillPlan
{
    private readonly KillPoint[] points;
    private readonly int[] passes;

    /// <summary>Creates the plan of the process <paramref name="node"/>, <paramref name="incarnation"/>.</summary>
    public KillPlan(IEnumerable<KillPoint> all, string node, int incarnation)
    {
        points = all.Where(p => p.Node == node && p.Incarnation == incarnation).ToArray();
        passes = new int[points.Length];
    }

    /// <summary>A plan without deaths.</summary>
    public static KillPlan None { get; } = new([], "", 0);

    /// <summary>A phase begins: whether this process is to die now.</summary>
    public bool Hits(Phase phase, long step)
    {
        for (int i = 0; i < points.Length; i++)
        {
            if (points[i].Phase == phase && (points[i].Step < 0 || points[i].Step == step)
                && Interlocked.Increment(ref passes[i]) == points[i].Occurrence)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>SIGKILL to this process; never returns.</summary>
    public static void KillSelf()
    {
        _ = Kill(Environment.ProcessId, 9);
        Thread.Sleep(Timeout.Infinite);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
