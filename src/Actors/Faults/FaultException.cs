namespace MoeActors.Actors.Faults;

/// <summary>A fault cannot be injected here, for the reason in the message.</summary>
internal sealed class FaultRefusedException(string message) : Exception(message);

/// <summary>An injected failure of an actor; the message names the fault, so that whoever reports the failure reports that it was injected.</summary>
/// <param name="id">The fault.</param>
/// <param name="what">What happened, in words.</param>
/// <param name="cause">The real failure under it, or null.</param>
internal sealed class InjectedFaultException(string id, string what, Exception? cause = null) : Exception(InjectedMark.Of(id) + what, cause);

/// <summary>How an injected failure is known from its reason.</summary>
internal static class InjectedMark
{
    private const string Begin = "injected ";

    /// <summary>The mark of a fault.</summary>
    public static string Of(string id) => $"{Begin}{id}: ";

    /// <summary>Whether <paramref name="reason"/> is of an injected failure.</summary>
    public static bool IsIn(string reason) => reason.Contains($"{Begin}f-", StringComparison.Ordinal);

    /// <summary>Whether <paramref name="reason"/> is of the injected fault <paramref name="id"/>.</summary>
    public static bool IsIn(string reason, string id) => reason.Contains(Of(id), StringComparison.Ordinal);
}

/// <summary>In-process order to an actor: throw. Never leaves the process.</summary>
/// <param name="Id">The fault.</param>
internal sealed record InjectedCrash(string Id)
{
    /// <summary>Throws.</summary>
    public void Throw() => throw new InjectedFaultException(Id, "a handler throws");
}
