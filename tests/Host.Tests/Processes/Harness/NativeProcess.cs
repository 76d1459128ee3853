using System.Runtime.InteropServices;

namespace MoeActors.Host.Tests.Processes.Harness;

/// <summary>Signals to processes, and the wait for the end of processes that are no children of this one.</summary>
internal static partial class NativeProcess
{
    public const int Interrupt = 2;
    public const int SigKill = 9;
    public const int Terminate = 15;
    public const int SigCont = 18;
    public const int SigStop = 19;
    private const long PidFdOpen = 434;
    private const short PollIn = 1;

    /// <summary>Sends a signal; false when there is no such process any more.</summary>
    public static bool Signal(int pid, int signal) => Kill(pid, signal) == 0;

    /// <summary>Whether <paramref name="pid"/> ends within <paramref name="patience"/>. The kernel says so: nothing is looked at again and again.</summary>
    public static Task<bool> EndedAsync(int pid, TimeSpan patience) => Task.Factory.StartNew(
        () =>
        {
            int file = (int)Syscall(PidFdOpen, pid, 0);
            if (file < 0)
            {
                return true;
            }

            var poll = new PollFd { File = file, Events = PollIn };
            int ready = Poll(ref poll, 1, (int)patience.TotalMilliseconds);
            _ = Close(file);
            return ready > 0;
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollFd
    {
        public int File;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long Syscall(long number, long first, long second);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollFd file, ulong count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int file);
}
