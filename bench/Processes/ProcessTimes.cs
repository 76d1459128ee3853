namespace MoeActors.Bench.Processes;

/// <summary>Reads of /proc.</summary>
internal static class ProcessTimes
{
    private const double TickMs = 10; // USER_HZ is 100 on Linux

    /// <summary>Processor time, user and system, that <paramref name="pid"/> has used, in ms.</summary>
    public static double CpuMs(int pid)
    {
        string[] fields = Stat(pid);
        return fields.Length == 0 ? 0 : (double.Parse(fields[11]) + double.Parse(fields[12])) * TickMs;
    }

    /// <summary>Resident memory in KiB; 0 when the process is gone.</summary>
    public static double ResidentKiB(int pid)
    {
        try
        {
            return double.Parse(File.ReadAllText($"/proc/{pid}/statm").Split(' ')[1]) * Environment.SystemPageSize / 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>Children of <paramref name="parent"/> that run a cluster node.</summary>
    public static IReadOnlyList<int> NodesOf(int parent)
    {
        var nodes = new List<int>();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out int pid) && Stat(pid) is { Length: > 1 } stat && int.Parse(stat[1]) == parent && IsNode(pid))
            {
                nodes.Add(pid);
            }
        }

        return nodes;
    }

    // The fields after the command's name, which may hold anything: state, parent, …
    private static string[] Stat(int pid)
    {
        try
        {
            string text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static bool IsNode(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0').Contains("--supervised");
        }
        catch (IOException)
        {
            return false;
        }
    }
}
