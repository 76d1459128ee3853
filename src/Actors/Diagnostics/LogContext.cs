namespace MoeActors.Actors.Diagnostics;

/// <summary>
/// Where this process stands, for its log lines: one run per node process, so plain volatile fields do, and a line logged by any thread carries them.
/// </summary>
public static class LogContext
{
    private static volatile string _run = "";
    private static long _epoch;
    private static long _step;

    /// <summary>Id of the run; empty before one is joined.</summary>
    public static string Run
    {
        get => _run;
        set => _run = value;
    }

    /// <summary>The work moves on.</summary>
    public static void Set(long epoch, long step)
    {
        Epoch = epoch;
        Step = step;
    }

    /// <summary>Epoch as this node knows it; 0 before the first.</summary>
    public static long Epoch
    {
        get => Volatile.Read(ref _epoch);
        set => Volatile.Write(ref _epoch, value);
    }

    /// <summary>Step in progress on this node; 0 before the first.</summary>
    public static long Step
    {
        get => Volatile.Read(ref _step);
        set => Volatile.Write(ref _step, value);
    }
}
