using CsCheck;

using MoeActors.Actors.Exchange;

namespace MoeActors.Actors.Tests.Exchange;

public sealed class UnprovenPlacesTests
{
    /// <summary>Against a plain list: never more than there are places, the newcomer always in, and who goes is the oldest of an address that has most.</summary>
    [Fact]
    public void Who_gives_way_is_the_oldest_of_the_address_that_holds_most() => Gen.Select(Gen.Int[1, 8], Gen.Select(Gen.Int[0, 3], Gen.Bool).Array[0, 60]).Sample((places, events) =>
    {
        var subject = new UnprovenPlaces<object>(places);
        List<(object Connection, int Address)> model = [];
        foreach ((int address, bool leaves) in events)
        {
            if (leaves)
            {
                if (model.FirstOrDefault(m => m.Address == address) is { Connection: { } gone } item)
                {
                    Assert.True(subject.Leave(gone));
                    Assert.False(subject.Leave(gone));
                    model.Remove(item);
                }

                continue;
            }

            object? expected = null;
            if (model.Count == places)
            {
                int most = model.GroupBy(m => m.Address).Max(g => g.Count());
                (object Connection, int Address) first = model.First(m => model.Count(o => o.Address == m.Address) == most);
                model.Remove(first);
                expected = first.Connection;
            }

            object connection = new();
            model.Add((connection, address));
            Assert.Same(expected, subject.Take(connection, $"10.0.0.{address}"));
            Assert.Equal(model.Count, subject.Count);
        }

        Assert.Equal(model.Select(m => m.Connection), subject.Clear());
        Assert.Equal(0, subject.Count);
    });
}
