using System.Globalization;

namespace MoeActors.Actors.Cluster.Membership;

/// <summary>Asks this machine's process table whether a process still lives; a zombie counts as gone.</summary>
internal static class ProcessTable
{
    /// <summary>Start time of this process, clock ticks since boot.</summary>
    public static long OwnStart { get; } = Read(Environment.ProcessId)?.Start ?? 0;

    /// <summary>Whether the process with this pid and start time is gone.</summary>
    public static bool IsGone(int pid, long start) => Read(pid) is not { } entry || entry.Start != start || entry.State is 'Z' or 'X';

    /// <summary>The state letter of the process with this pid and start time ('R', 'S', 'T' = stopped, …); null when it is gone.</summary>
    public static char? StateOf(int pid, long start) => Read(pid) is { } entry && entry.Start == start ? entry.State : null;

    /// <summary>Memory a process has in use, in bytes; 0 when it is gone.</summary>
    public static long ResidentBytes(int pid)
    {
        try
        {
            return long.Parse(File.ReadAllText($"/proc/{pid}/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static (char State, long Start)? Read(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");

            // The name, in parentheses, may hold anything; fields count from behind it.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0][0], long.Parse(fields[19], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}
