using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults.Agent;

/// <summary>Signals of injected faults. A stopped process cannot continue itself: a helper process, begun before the stop, does.</summary>
internal static partial class ProcessSignals
{
    private const int Continued = 18;

    /// <summary>SIGCONT to another node's process, if it is still that one.</summary>
    public static void Continue(NodeIdentity node)
    {
        if (ProcessTable.StateOf(node.Pid, node.ProcessStart) is not null)
        {
            _ = Kill(node.Pid, Continued);
        }
    }

    /// <summary>
    /// Stops this process for <paramref name="length"/>: a shell of its own, which the stop does not touch, stops it and continues it, whatever becomes of all nodes.
    /// </summary>
    public static Process Stop(TimeSpan length) => Shell($"kill -STOP {Pid}; sleep {Seconds(length)}; kill -CONT {Pid}");

    /// <summary>Lets this process run for <paramref name="share"/> of the time, in turns of 50 ms.</summary>
    public static Process Slow(TimeSpan length, double share)
    {
        const double Turn = 0.05;
        long turns = Math.Max(1, (long)(length.TotalSeconds / Turn));
        string stopped = (Turn * (1 - share)).ToString("0.####", CultureInfo.InvariantCulture), running = (Turn * share).ToString("0.####", CultureInfo.InvariantCulture);
        return Shell($"i=0; while [ $i -lt {turns} ] && kill -STOP {Pid}; do sleep {stopped}; kill -CONT {Pid}; sleep {running}; i=$((i+1)); done");
    }

    /// <summary>Ends a helper before its time and continues this process.</summary>
    public static void EndHelper(Process? helper)
    {
        if (helper is null)
        {
            return;
        }

        if (!helper.HasExited)
        {
            helper.Kill();
        }

        _ = Kill(Environment.ProcessId, Continued);
        helper.Dispose();
    }

    private static string Pid => Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);

    private static Process Shell(string script)
    {
        // Its streams are its own: the supervisor's lifeline must not stay open in it.
        var info = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        info.ArgumentList.Add("-c");
        info.ArgumentList.Add(script);
        return Process.Start(info) ?? throw new FaultRefusedException("no helper process could be started");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
