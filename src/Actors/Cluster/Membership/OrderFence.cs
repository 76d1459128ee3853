namespace MoeActors.Actors.Cluster.Membership;

/// <summary>
/// EP-1 on one node: the newest fencing token it has obeyed. A coordinator that lost its office has an older one; its orders change nothing. Not thread-safe.
/// </summary>
internal sealed class OrderFence
{
    /// <summary>The newest token obeyed; 0 before the first.</summary>
    public long Newest { get; private set; }

    /// <summary>Whether an order under <paramref name="token"/> is obeyed; from then on older ones are not.</summary>
    public bool Admits(long token)
    {
        if (token < Newest)
        {
            return false;
        }

        Newest = token;
        return true;
    }
}
