using System.Diagnostics;
using System.Runtime.InteropServices;

namespace MoeActors.Actors.Exchange;

/// <summary>Sleeps to microseconds without spinning: the kernel's timer, with the slack that it otherwise gives a thread's timers taken away. Linux.</summary>
internal static partial class PreciseSleep
{
    private const int SetTimerSlack = 29; // PR_SET_TIMERSLACK
    private const int Monotonic = 1; // CLOCK_MONOTONIC, which is Stopwatch's clock

    /// <summary>The calling thread's timers are to be exact from now on.</summary>
    internal static void Prepare() => _ = Control(SetTimerSlack, 1, 0, 0, 0);

    /// <summary>Sleeps until a <see cref="Stopwatch"/> timestamp, or shortly before it; returns at once when it has passed.</summary>
    internal static void Until(long timestamp)
    {
        long left = (long)((timestamp - Stopwatch.GetTimestamp()) * (1e9 / Stopwatch.Frequency));
        if (left > 0)
        {
            var time = new TimeSpec { Seconds = left / 1_000_000_000, Nanoseconds = left % 1_000_000_000 };
            _ = Sleep(Monotonic, 0, in time, 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int option, ulong a, ulong b, ulong c, ulong d);

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    private static partial int Sleep(int clock, int flags, in TimeSpec time, nint remaining);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        internal long Seconds;
        internal long Nanoseconds;
    }
}
