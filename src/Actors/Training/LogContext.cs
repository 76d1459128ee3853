namespace MoeActors.Actors.Training;

/// <summary>Epoch and step this process works on, for its log lines.</summary>
public static class LogContext
{
    private static int epoch;
    private static long step;

    /// <summary>Current epoch.</summary>
    public static int Epoch => Volatile.Read(ref epoch);

    /// <summary>Current step.</summary>
    public static long Step => Volatile.Read(ref step);

    /// <summary>The work moves on.</summary>
    public static void Set(int newEpoch, long newStep)
    {
        Volatile.Write(ref epoch, newEpoch);
        Volatile.Write(ref step, newStep);
    }
}
