using System.Runtime.InteropServices;

namespace MoeActors.Bench.Processes;

/// <summary>Signals to other processes (Linux numbers).</summary>
internal static partial class Signals
{
    public const int Continue = 18, Stop = 19;

    /// <summary>Sends <paramref name="signal"/>; a process that is gone gets none.</summary>
    public static void Send(int pid, int signal) => _ = Kill(pid, signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
