using System.Diagnostics;

namespace MoeActors.Bench.Report;

/// <summary>Where the numbers come from.</summary>
internal static class Machine
{
    /// <summary>Processor, cores, memory, kernel and load at this moment.</summary>
    public static string Describe()
    {
        string model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown processor";
        string memory = File.ReadLines("/proc/meminfo").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        string load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        return $"{model}, {Environment.ProcessorCount} cores, {double.Parse(memory) / (1 << 20):0} GiB, Linux {Environment.OSVersion.Version}, load {load} at the start";
    }

    /// <summary>The commit that <paramref name="folder"/> is at; "unknown" outside a clone.</summary>
    public static string Commit(string folder)
    {
        string commit = Git(folder, "rev-parse", "--short=12", "HEAD");
        return commit.Length == 0 ? "unknown" : Git(folder, "status", "--porcelain", "--untracked-files=no").Length == 0 ? commit : commit + "+";
    }

    private static string Git(string folder, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo("git") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
            Array.ForEach(arguments, start.ArgumentList.Add);
            using Process git = Process.Start(start)!;
            string output = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            return git.ExitCode == 0 ? output.Trim() : "";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "";
        }
    }
}
