namespace MoeActors.Actors.Exchange;

/// <summary>
/// The places of connections whose peers have proven nothing yet. When all are taken, the address that holds most of them gives up its oldest: strangers can crowd out each other, and a peer that proves
/// itself in the time they need to come back as often as there are places is never kept out. Thread-safe.
/// </summary>
/// <typeparam name="T">A connection.</typeparam>
/// <param name="places">How many there are.</param>
internal sealed class UnprovenPlaces<T>(int places)
    where T : class
{
    private readonly Lock gate = new();
    private readonly LinkedList<(T Connection, string Address)> waiting = [];
    private readonly Dictionary<T, LinkedListNode<(T Connection, string Address)>> index = [];
    private readonly Dictionary<string, int> held = new(StringComparer.Ordinal);

    /// <summary>Connections that hold a place now.</summary>
    internal int Count
    {
        get
        {
            lock (gate)
            {
                return waiting.Count;
            }
        }
    }

    /// <summary>Gives a place to a connection; returns the one that has to end for it, or null.</summary>
    internal T? Take(T connection, string address)
    {
        lock (gate)
        {
            T? ousted = null;
            if (waiting.Count == places)
            {
                int most = held.Values.Max();
                ousted = waiting.First(w => held[w.Address] == most).Connection;
                Leave(ousted);
            }

            index.Add(connection, waiting.AddLast((connection, address)));
            held[address] = held.GetValueOrDefault(address) + 1;
            return ousted;
        }
    }

    /// <summary>The connection has proven itself or ended; false where it holds no place any more.</summary>
    internal bool Leave(T connection)
    {
        lock (gate)
        {
            if (!index.Remove(connection, out LinkedListNode<(T Connection, string Address)>? node))
            {
                return false;
            }

            waiting.Remove(node);
            if (--held[node.Value.Address] == 0)
            {
                held.Remove(node.Value.Address);
            }

            return true;
        }
    }

    /// <summary>All connections that hold a place; none holds one afterwards.</summary>
    internal T[] Clear()
    {
        lock (gate)
        {
            T[] all = [.. waiting.Select(w => w.Connection)];
            waiting.Clear();
            index.Clear();
            held.Clear();
            return all;
        }
    }
}
