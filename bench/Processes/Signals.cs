using System.Runtime.InteropServices;

namespace MoeActors.Bench.Processes;

/// <summary>Signals to other processes (Linux numbers).</summary>
internal static partial class Signals
{
    public const int Kill = 9, Continue = 18, Stop = 19;

    /// <summary>Sends <paramref name="signal"/>; a process that is gone gets none.</summary>
    public static void Send(int pid, int signal) => _ = SendSignal(pid, signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int pid, int signal);
}
