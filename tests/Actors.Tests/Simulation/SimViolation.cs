namespace MoeActors.Actors.Tests.Simulation;

/// <summary>An invariant does not hold.</summary>
/// <param name="invariant">Its name: EP-1, ST-1, …</param>
/// <param name="what">In words.</param>
internal sealed class SimViolation(string invariant, string what) : Exception($"{invariant}: {what}")
{
    public string Invariant => invariant;

    /// <summary>Throws unless <paramref name="holds"/>.</summary>
    public static void Unless(bool holds, string invariant, Func<string> what)
    {
        if (!holds)
        {
            throw new SimViolation(invariant, what());
        }
    }
}

/// <summary>An update fails in the middle of it.</summary>
internal sealed class SimTear : Exception;

/// <summary>The process that carries out an operation dies in the middle of it.</summary>
internal sealed class SimCrash : Exception;
