const money = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });
const list = document.querySelector('.products');

function render(product) {
  const item = document.createElement('li');
  item.className = product.stock > 0 ? 'product' : 'product sold-out';
  const name = document.createElement('h3');
  name.textContent = product.name;
  const price = document.createElement('p');
  price.className = 'price';
  price.textContent = money.format(product.price_cents / 100);
  item.append(name, price);
  return item;
}

const response = await fetch('/api/popular-products');
list.replaceChildren(...(await response.json()).map(render));
